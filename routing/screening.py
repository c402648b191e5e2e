"""What a free text must not carry unseen: a personal number, or a word that tells of health, abuse or crime.

Nothing is judged here and nothing is changed; the hits say where to look. The words are the city's own list, in
`rules/trigger_words.toml`, and no list is complete: a text without hits can still tell too much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import MappingProxyType

from routing import folding, personal_numbers
from routing.rule_files import Place, Reading
from routing.vocabulary import Category

NUMBER = "NUMBER"
"""Stands among categories for a personal number: no declaration and no consent lets it pass."""

_ROWS = "trigger"
# A shorter word turns up in other meanings, a shorter stem in other words.
_SHORTEST_WORD, _SHORTEST_STEM = 3, 4
_NOTATION = re.compile(r"\*?(?P<core>[^\W_]+(?:[ -][^\W_]+)*)\*?")
_LETTER = r"[^\W\d_]"
# Every other character of Latin-1 becomes a space.
_LETTERS_ALONE = bytes(code if re.fullmatch(_LETTER, chr(code)) else ord(" ") for code in range(256))


@dataclass(frozen=True, slots=True)
class Hit:
    """One place in a text, in characters from its beginning. `category` None means a personal number."""

    category: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TriggerWords:
    """Words of one kind that tell of one category."""

    category: Category
    about_sv: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """How any trigger word begins. Where no word of a text begins so, none stands in it: a quarter of the time that
    the patterns take, and most texts need no more."""

    beginnings: tuple[bytes, ...]
    heads: frozenset[bytes]
    inside: tuple[str, ...]

    @classmethod
    def at(cls, words: Iterable[str]) -> Glance:
        """For trigger words as they stand in the file."""
        beginnings, inside = set(), set()
        for word in words:
            core = word.strip("*")
            letters = _to_latin(core).translate(_LETTERS_ALONE)
            if word.startswith("*") or letters.startswith(b" "):
                inside.add(core.partition(" ")[0])
            else:
                beginnings.add(letters.split()[0])
        heads = frozenset(beginning[:_SHORTEST_STEM] for beginning in beginnings)
        return cls(tuple(sorted(beginnings)), heads, tuple(sorted(inside)))

    def may_find(self, folded: str) -> bool:
        """False when no trigger word stands in the folded text; True promises nothing."""
        for part in self.inside:
            if part in folded:
                return True
        words = set(_to_latin(folded).translate(_LETTERS_ALONE).split())
        return any(word.startswith(self.beginnings) for word in words if word[:_SHORTEST_STEM] in self.heads)


def _to_latin(text: str) -> bytes:
    """One byte per character. What Latin-1 does not have parts words here, so that rather more of them begin."""
    return text.encode("latin-1", "replace")


@dataclass(frozen=True, slots=True)
class Screening:
    """The trigger words of each category, ready to be looked for."""

    # One pattern for each category, since one word may tell of two.
    patterns: Mapping[str, re.Pattern[str]] = field(repr=False)
    glance: Glance = field(repr=False)

    def find(self, text: str) -> tuple[Hit, ...]:
        """Every personal number and every trigger word, in the order of the text; takes linear time."""
        folded = folding.fold(text)
        hits = [Hit(None, *folded.locate(*span)) for span in personal_numbers.find_spans(folded.text)]
        if not self.glance.may_find(folded.text):
            return tuple(hits)
        for category, pattern in self.patterns.items():
            hits += [Hit(category, *folded.locate(*found.span())) for found in pattern.finditer(folded.text)]
        return tuple(sorted(hits, key=lambda hit: (hit.start, hit.end)))

    def tells_nothing(self, texts: Iterable[str]) -> bool:
        """True when no text tells of anything, as in most messages: looked at together, which costs a part of it.

        False promises nothing."""
        # A line break parts words as the end of a text does; what seems to run over it is looked at text by text.
        folded = folding.fold("\n".join(texts)).text
        return not personal_numbers.find_spans(folded) and not self.glance.may_find(folded)

    def categories_told(self, text: str) -> frozenset[str]:
        """What the text tells of: categories of information, and `NUMBER`."""
        return frozenset(hit.category or NUMBER for hit in self.find(text))


def names_a_number(text: str) -> bool:
    """True when a text holds something that reads like a personal number, in any spelling."""
    return bool(personal_numbers.find_spans(folding.fold(text).text))


def read(reading: Reading, path: Path) -> Screening:
    """The trigger words in a file. The reading must know the word `category` already."""
    content = reading.load_file(path, frozenset({_ROWS}))
    words: dict[str, list[str]] = {}
    for row in reading.read_rows(TriggerWords, content, path.name, _ROWS):
        place = Place(path.name, f"{_ROWS}[{row.category}: {row.about_sv}]")
        known = words.setdefault(row.category, [])
        for word in dict.fromkeys(row.words):
            faults = list(_find_faults(word, known))
            reading.faults += [place.fault(f"{word!r} {fault}") for fault in faults]
            if not faults:
                known.append(word)
    patterns = {category: _compile(known) for category, known in words.items() if known}
    return Screening(MappingProxyType(patterns), Glance.at(word for known in words.values() for word in known))


def _find_faults(word: str, known: list[str]) -> Iterator[str]:
    notation = _NOTATION.fullmatch(word)
    if notation is None:
        yield "is not written as a word: letters, single spaces or hyphens, * before or after"
        return
    core = notation["core"]
    if core != folding.fold(core).text:
        yield "must be in small letters"
    if len(core) < (_SHORTEST_STEM if "*" in word else _SHORTEST_WORD):
        yield "is too short"
    if word in known:
        yield "stands there twice"


def _compile(words: list[str]) -> re.Pattern[str]:
    # Words with the same beginning, a letter or a star, are tried together: most words of a text fail at the first
    # letter, and an open beginning is read once and not once for each word.
    groups = (
        f"{_translate(first)}(?:{'|'.join(_translate(word[1:]) for word in same)})"
        for first, same in groupby(sorted(words), key=lambda word: word[0])
    )
    return re.compile(rf"(?<!{_LETTER})(?:{'|'.join(groups)})(?!{_LETTER})")


def _translate(part: str) -> str:
    return re.escape(part).replace(r"\*", f"{_LETTER}*").replace(r"\ ", r"\s+")
