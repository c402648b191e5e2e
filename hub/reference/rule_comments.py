"""What the rule files say of themselves in comments: the meaning of their words, and the groups of their types.

The explanations stand where the rules are edited; the reference documents take them from there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# "#      minimum_age         the person has reached the age": a word, then two spaces or more, then its meaning.
_WORD = re.compile(r"(?P<lead>#\s+(?:[a-z_]+\s{2,})?)(?P<word>[a-z][a-z0-9_]*)(?P<gap>\s{2,})(?P<text>\S.*)")
_CONTINUED = re.compile(r"#(?P<gap>\s+)(?P<text>\S.*)")
_GROUP = re.compile(r"# --- (?P<title>.+?) -*")
_NAME = re.compile(r'name = "(?P<name>[^"]+)"')


@dataclass(frozen=True, slots=True)
class Group:
    """Types that stand under one heading of a rule file, in their order there."""

    title: str
    types: tuple[str, ...]


def read_words(folder: Path, pattern: str) -> Mapping[str, str]:
    """Word -> meaning, from the comments at the beginning of the files that match."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob(pattern)):
        for word, meaning in _words_of(path.read_text(encoding="utf-8")):
            found.setdefault(word, meaning)
    return found


def _words_of(text: str) -> Iterator[tuple[str, str]]:
    word, meaning, column = "", "", 0
    for line in [*text.splitlines(), ""]:
        begun = _WORD.fullmatch(line)
        continued = _CONTINUED.fullmatch(line)
        if begun is None and word and continued is not None and continued.start("text") == column:
            meaning = f"{meaning} {continued['text']}"
            continue
        if word:
            yield word, meaning
            word = ""
        if begun is not None:
            word, meaning, column = begun["word"], begun["text"], begun.start("text")


def read_groups(folder: Path) -> list[Group]:
    """The types in the order of the files; a file without headings is a group named after itself."""
    groups: list[Group] = []
    for path in sorted(folder.glob("types*.toml"), key=lambda path: (path.stem != "types", path.stem)):
        title, names = path.stem.removeprefix("types-").replace("-", " ").capitalize(), list[str]()
        for line in path.read_text(encoding="utf-8").splitlines():
            if headed := _GROUP.fullmatch(line):
                groups.append(Group(title, tuple(names)))
                title, names = headed["title"], []
            elif named := _NAME.match(line):
                names.append(named["name"])
        groups.append(Group(title, tuple(names)))
    return [group for group in groups if group.types]
