"""Looks for invented persons where no person may be: logs, metrics, database files, names of files.

Sealed content cannot be searched, and that is the point: whatever is found here lies there in clear.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from tests.support import persons
from tests.support.persons import Person

# Shorter names than these turn up in sealed bytes by chance.
SHORTEST_NAME = 6
# Databases are made of pages of this size, most of which are the same in every hub's: those are searched once.
PAGE = 4096
# Parts are cut with so much of the next one that no spelling falls between two of them.
OVERLAP = 256
# Most of a young database, and slow to search. No spelling holds so many zeros, so what stands on both sides of them
# stays apart when they are two.
_EMPTY = re.compile(rb"\0{3,}")


def spellings(person: Person) -> set[bytes]:
    """How a number or a name may stand in bytes."""
    number = person.number
    texts = {
        number,
        f"{number[:8]}-{number[8:]}",
        number[2:],
        f"{number[2:8]}-{number[8:]}",
        f"{number[2:8]}+{number[8:]}",
        f"{number[:8]} {number[8:]}",
        f"{number[2:8]} {number[8:]}",
    }
    for name in (person.given_name, person.family_name):
        if len(name) >= SHORTEST_NAME:
            texts |= {name, name.lower(), name.upper()}
    return {found for text in texts for found in _encodings(text)}


def _encodings(text: str) -> Iterator[bytes]:
    decomposed = unicodedata.normalize("NFD", text)
    for form in (text, decomposed):
        yield form.encode()
        yield form.encode()[::-1]
        yield form.encode("utf-16-le")
        yield json.dumps(form)[1:-1].encode()
        yield quote(form).encode()
        yield form.replace("-", "%2D").replace("+", "%2B").encode()
        yield "".join(f"%{byte:02X}" for byte in form.encode()).encode()
        yield "".join(f"\\u{ord(char):04x}" for char in form).encode()
        yield form.encode().hex().encode()
        yield from _in_base64(form.encode())
    if text.isascii() or all(ord(char) < 256 for char in text):
        yield text.encode("latin-1")


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """The part that is the same whatever stands before and after, for each of the three ways it may fall."""
    for before in range(3):
        for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = alphabet(b"\0" * before + raw)
            begin = -(-before * 8 // 6)
            end = (before + len(raw)) * 8 // 6
            yield encoded[begin:end]


def _any_of(words: Collection[bytes]) -> bytes:
    """A pattern for words of one length. What several begin with stands once: it is tried once at every place."""
    begin: dict[bytes, set[bytes]] = defaultdict(set)
    for word in words:
        begin[word[:1]].add(word[1:])
    return b"(?:%s)" % b"|".join(
        re.escape(first) + (_any_of(rest) if rest != {b""} else b"") for first, rest in sorted(begin.items())
    )


class Scanner:
    """Knows every spelling of some persons, and what it has searched without finding one."""

    def __init__(self, people: Iterable[Person] = persons.EVERYBODY) -> None:
        self._needles = sorted({found for person in people for found in spellings(person)})
        assert all(SHORTEST_NAME <= len(needle) <= OVERLAP for needle in self._needles)
        assert not any(_EMPTY.search(needle) for needle in self._needles)
        # Most content holds none of their beginnings, which one pattern looks for in one pass.
        self._any_head = re.compile(_any_of({needle[:SHORTEST_NAME] for needle in self._needles}))
        self._clean: set[bytes] = set()

    def find(self, content: bytes) -> set[bytes]:
        fresh = [(digest, part) for digest, part in _parts(content) if digest not in self._clean]
        found = self._find(_EMPTY.sub(b"\0\0", b"".join(part for _, part in fresh)))
        if not found:
            self._clean.update(digest for digest, _ in fresh)
            return found
        return self._find(content)

    def _find(self, content: bytes) -> set[bytes]:
        if not self._any_head.search(content):
            return set()
        return {needle for needle in self._needles if needle in content}

    def find_in_file(self, path: Path) -> list[str]:
        """What was found, in words: the file and the kind of spelling, for whoever must look for the leak."""
        found = self.find(path.read_bytes()) | self.find(str(path.name).encode())
        return [f"{path}: {needle!r}" for needle in sorted(found)]

    def find_below(self, folder: Path) -> list[str]:
        """Every file below a folder, and every name."""
        found = []
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found += self.find_in_file(path)
            else:
                found += [f"{path}: {needle!r}" for needle in sorted(self.find(path.name.encode()))]
        return found


def _parts(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Pages with the beginning of the next, each with its digest."""
    for begin in range(0, len(content), PAGE):
        part = content[begin : begin + PAGE + OVERLAP]
        yield hashlib.blake2b(part, digest_size=16).digest(), part


class Estate:
    """Everything that hubs have left behind in one run of the tests."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def data_directories(self) -> list[Path]:
        """Where a database lies, whoever made it."""
        return sorted({path.parent for path in self.root.rglob("hub.sqlite3")})

    def outputs(self) -> list[Path]:
        """Standard output, standard error and metrics of every started hub."""
        return sorted(path for name in ("stdout", "stderr", "metrics") for path in self.root.rglob(name))

    def find_leaks(self, scanner: Scanner | None = None) -> list[str]:
        scanner = scanner or Scanner()
        found = [leak for path in self.outputs() if path.is_file() for leak in scanner.find_in_file(path)]
        for folder in self.data_directories():
            found += scanner.find_below(folder)
        return found
