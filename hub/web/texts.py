"""The words on the pages, in catalogues: Swedish, which is whole, and English, which a test holds to the same keys.

A file is named `<part>.<language>.toml`; its tables and names make keys such as `team.inbox.title`.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

LANGUAGES: Final = ("sv", "en")
DEFAULT: Final = "sv"


class Words:
    """The texts of one language. Called with a key, gives the text with its places filled in."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Raises `KeyError` for a key that is not in the catalogue: a test finds it, no reader does."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def find(self, key: str) -> str | None:
        """For words about codes, of which the rules may know more than the catalogue."""
        return self._texts.get(key)

    def count(self, key: str, number: int) -> str:
        """`key.one` or `key.many`, with `number` filled in."""
        return self(f"{key}.one" if number == 1 else f"{key}.many", number=number)


@functools.cache
def load(language: str) -> Words:
    return Words(language, read(language))


def read(language: str) -> dict[str, str]:
    """Every text of a language by its key."""
    texts: dict[str, str] = {}
    for file in sorted(resources.files("hub.web").joinpath("texts").iterdir(), key=lambda file: file.name):
        part, _, ending = file.name.partition(".")
        if ending == f"{language}.toml":
            _flatten(tomllib.loads(file.read_text(encoding="utf-8")), part, texts)
    return texts


def _flatten(table: Mapping[str, Any], prefix: str, texts: dict[str, str]) -> None:
    for name, value in table.items():
        key = f"{prefix}.{name}"
        if isinstance(value, dict):
            _flatten(value, key, texts)
        else:
            texts[key] = value
