"""Data that is made anew with every message is replaced as the standard library replaces it, only sooner."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from schemas.frozen import dataclass, replace


@dataclass(frozen=True, slots=True)
class Parcel:
    weight: int
    label: str = "none"
    doubled: int = dataclasses.field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "doubled", 2 * self.weight)


def test_replaces_as_the_standard_library_does() -> None:
    parcel = Parcel(3, "fragile")
    assert replace(parcel, weight=4) == dataclasses.replace(parcel, weight=4) == Parcel(4, "fragile")


def test_leaves_what_it_replaces_as_it_was() -> None:
    parcel = Parcel(3)
    replace(parcel, weight=4)
    assert parcel == Parcel(3)


def test_what_follows_from_other_fields_is_reckoned_again() -> None:
    assert replace(Parcel(3), weight=4).doubled == 8


@pytest.mark.parametrize("changes", [{"colour": "red"}, {"doubled": 1}])
def test_a_field_that_cannot_be_given_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        replace(Parcel(3), **changes)
