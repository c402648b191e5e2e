"""A text as it is compared: small letters, plain digits, one character per letter, nothing that cannot be seen.

What looks like the same writing to a reader becomes the same: full-width and Arabic-Indic digits, ligatures, a ring
set after its a, a soft hyphen or a zero-width space inside a word. Å, ä and ö stay what they are. Letters of other
alphabets that only look like Latin ones are not recognised.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import field

from schemas.frozen import dataclass

# Nearly every text is written with these alone, and then nothing but the case can differ.
_EVERYDAY = re.compile(r"[\t\n\r -~ÅÄÖÉÜåäöéü–—‘’“”]*")
# The same for texts without dashes and quotation marks, which Latin-1 has not: a table costs a tenth of a pattern.
_EVERYDAY_LATIN = bytes(code for code in range(256) if _EVERYDAY.fullmatch(chr(code)))
_LATIN_LOWER = bytes(ord(chr(code).lower()) for code in range(256))
_MARKS = frozenset({"Mn", "Me"})
# Letters by their class, and still nothing to be seen.
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; each of its characters came from `starts[i]:ends[i]` of the original."""

    text: str = field(repr=False)
    starts: Sequence[int] = field(repr=False)
    ends: Sequence[int] = field(repr=False)

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """The part of the original that a part of `text`, not an empty one, came from."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """The text as it is compared, with the way back to the original."""
    everyday = _lower_everyday(text)
    if everyday is not None:
        return Folded(everyday, range(len(text)), range(1, len(text) + 1))
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for at, char in enumerate(text):
        kind = unicodedata.category(char)
        if kind in _MARKS:
            composed = unicodedata.normalize("NFC", letters[-1] + char) if letters else ""
            if len(composed) == 1:
                letters[-1], ends[-1] = composed, at + 1
        elif kind == "Cf" or (kind == "Cc" and not char.isspace()) or char in _BLANK_LETTERS:
            continue
        else:
            for letter in _spell_out(char):
                letters.append(letter)
                starts.append(at)
                ends.append(at + 1)
    return Folded("".join(letters), starts, ends)


def _lower_everyday(text: str) -> str | None:
    """The text in small letters, when it is written with everyday characters alone."""
    try:
        latin = text.encode("latin-1")
    except UnicodeEncodeError:
        return text.lower() if _EVERYDAY.fullmatch(text) else None
    if latin.translate(None, _EVERYDAY_LATIN):
        return None
    return latin.translate(_LATIN_LOWER).decode("latin-1")


def _spell_out(char: str) -> Iterator[str]:
    digit = unicodedata.digit(char, None)
    if digit is not None:
        yield str(digit)
        return
    for letter in unicodedata.normalize("NFKC", char).casefold():
        if unicodedata.category(letter) not in _MARKS:
            yield letter
