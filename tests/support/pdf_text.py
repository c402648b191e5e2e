"""The text of a PDF that fpdf2 wrote, page by page, by the tables that the PDF itself carries (ISO 32000-2, 9.10)."""

from __future__ import annotations

import re
import zlib

_STREAM = re.compile(rb"(\d+) 0 obj\n<<((?:(?!endobj).)*?)>>\nstream\n(.*?)\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:[^\\()]|\\.)*)\) ?Tj|\[((?:[^\\\]]|\\.)*)\] ?TJ", re.DOTALL)
_PIECE = re.compile(rb"\(((?:[^\\()]|\\.)*)\)", re.DOTALL)
_NEWLINES = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def read(document: bytes) -> str:
    """Everything that is drawn, in the order of drawing, a line for each piece."""
    streams = {int(number): _open(head, body) for number, head, body in _STREAM.findall(document)}
    maps = {}
    for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", document):
        found = re.search(rb"\n" + number + rb" 0 obj\n<<(.*?)>>\nendobj", document, re.DOTALL)
        to_unicode = found and re.search(rb"/ToUnicode (\d+) 0 R", found[1])
        if to_unicode:
            maps[name] = _letters(streams[int(to_unicode[1])])
    pages = [stream for stream in streams.values() if b" Tf" in stream and b"BT" in stream]
    return "\n".join(line for page in pages for line in _lines(page, maps))


def _open(head: bytes, body: bytes) -> bytes:
    return zlib.decompress(body) if b"/FlateDecode" in head else body


def _letters(table: bytes) -> dict[int, str]:
    rows = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>\n", table)
    found = {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in rows}
    for first, last, text in re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})>", table):
        for step in range(int(last, 16) - int(first, 16) + 1):
            found[int(first, 16) + step] = chr(int(text, 16) + step)
    return found


def _lines(page: bytes, maps: dict[bytes, dict[int, str]]) -> list[str]:
    lines, letters = [], {}
    for font, shown, pieces in _SHOWN.findall(page):
        if font:
            letters = maps[font]
            continue
        raw = b"".join(_plain(piece) for piece in (_PIECE.findall(pieces) if pieces else [shown]))
        codes = [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
        lines.append("".join(letters.get(code, "?") for code in codes))
    return lines


def _plain(piece: bytes) -> bytes:
    return re.sub(rb"\\(.)", lambda found: _NEWLINES.get(found[1], found[1]), piece, flags=re.DOTALL)
