"""What the tests of the shared language have in common: the packaged catalogue and its examples."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from schemas import registry

Example = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def catalogue() -> registry.Registry:
    return registry.Registry.load()


@pytest.fixture(scope="session")
def example(catalogue: registry.Registry) -> Example:
    """A fresh copy of a type's example; keyword arguments replace parts of `content`, None takes one away."""

    def build(name: str, **changes: Any) -> dict[str, Any]:
        data: dict[str, Any] = copy.deepcopy(catalogue.get_type(name).document["examples"][0])
        for field, value in changes.items():
            if value is None:
                data["content"].pop(field, None)
            else:
                data["content"][field] = value
        return data

    return build
