"""The frame of every document: A4, one font that knows every letter of a name in Sweden, numbered pages, a footer.

The font is DejaVu Sans, which lies beside this module with its licence; it holds Latin with every diacritic that Polish
or Vietnamese needs, Greek and Cyrillic. Scripts that join their letters are drawn unjoined: a name is expected in Latin
letters, as folkbokföringen writes it. A letter that the font lacks is shown as an empty box, never dropped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

FONTS: Final = Path(__file__).parent / "fonts"
FAMILY: Final = "DejaVu"
MISSING: Final = "\N{WHITE VERTICAL RECTANGLE}"
_FACES: Final = (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf"))
_MARGIN: Final = 20.0
_TEXT, _SMALL, _HEADING, _TITLE = 10.0, 8.0, 12.0, 16.0
_ROW_LINE: Final = 3.8
_GREY, _RULE = 90, 200


class Page(FPDF):
    """One document under way. Write it from the top down, then `finish` it; millimetres throughout."""

    def __init__(self, title: str, *, made_at: datetime, footer: str) -> None:
        """`footer` stands at the foot of every page beside its number: who made this, and what it is."""
        super().__init__(orientation="P", unit="mm", format="A4")
        self._footer_text = fit(footer)
        self._widths: dict[tuple[str, float, str], float] = {}
        for style, name in _FACES:
            self.add_font(FAMILY, style, FONTS / name)
        self.set_title(title)
        self.set_lang("sv-SE")
        self.set_creator("Samverkansnavet")
        self.set_creation_date(made_at)
        self.set_margins(_MARGIN, _MARGIN, _MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN + 5)
        self.add_page()
        self._write(title, _TITLE, bold=True, after=3)

    def footer(self) -> None:
        """Called by fpdf2 at the end of each page."""
        self.set_y(-_MARGIN)
        self.set_font(FAMILY, size=_SMALL)
        self.set_text_color(_GREY)
        self.cell(self.epw * 0.8, 5, self._footer_text)
        self.cell(self.epw * 0.2, 5, f"sida {self.page_no()}", align="R")
        self.set_text_color(0)

    def heading(self, text: str) -> None:
        """A heading that stays with what follows it."""
        if self.will_page_break(25):
            self.add_page()
        self.ln(3)
        self._write(text, _HEADING, bold=True, after=1)

    def paragraph(self, text: str) -> None:
        """Text, wrapped; a newline begins a new line."""
        self._write(text, _TEXT, after=2)

    def small(self, text: str) -> None:
        """Text beside the matter: how to check, where to turn."""
        self._write(text, _SMALL, after=2)

    def fields(self, rows: Iterable[tuple[str, str]]) -> None:
        """Names and values, one pair to a line."""
        for name, value in rows:
            self.set_font(FAMILY, "B", _TEXT)
            self.cell(50, 5.5, fit(name))
            self.set_font(FAMILY, size=_TEXT)
            self.multi_cell(0, 5.5, fit(value), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
        self.ln(2)

    def rows(self, titles: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
        """A table whose titles are repeated on every page. `widths` are shares of the page."""
        share = self.epw / sum(widths)
        columns = [width * share for width in widths]
        self._row(titles, columns, bold=True)
        for row in rows:
            if not self._row(row, columns):
                self.add_page()
                self._row(titles, columns, bold=True)
                self._row(row, columns, forced=True)
        self.ln(4)

    def _row(self, cells: Sequence[str], columns: Sequence[float], *, bold: bool = False, forced: bool = False) -> bool:
        """Draws one row if it fits on this page. fpdf2's own tables take twenty times as long."""
        self.set_font(FAMILY, "B" if bold else "", _SMALL)
        wrapped = [self._wrap(fit(cell), width - 2) for cell, width in zip(cells, columns, strict=True)]
        height = max(map(len, wrapped)) * _ROW_LINE + 1.6
        if not forced and self.will_page_break(height + (12 if bold else 0)):
            if not bold:
                return False
            self.add_page()
        x, y = self.l_margin, self.get_y()
        self.set_draw_color(_RULE)
        self.line(x, y, x + self.epw, y)
        for lines, width in zip(wrapped, columns, strict=True):
            for number, line in enumerate(lines, start=1):
                self.text(x + 1, y + number * _ROW_LINE, line)
            x += width
        self.set_y(y + height)
        self.set_draw_color(0)
        return True

    def _wrap(self, text: str, width: float) -> list[str]:
        """Lines no wider than `width`: broken at spaces, and inside a word where that is longer than a line."""
        lines, used, space = [""], 0.0, self._width_of(" ")
        for word in text.replace("\n", " ").split(" "):
            long = sum(map(self._width_of, word))
            if used + space + long <= width and lines[-1]:
                lines[-1], used = f"{lines[-1]} {word}", used + space + long
                continue
            if lines[-1]:
                lines, used = [*lines, ""], 0.0
            for char in word:
                if used + self._width_of(char) > width:
                    lines, used = [*lines, ""], 0.0
                lines[-1], used = lines[-1] + char, used + self._width_of(char)
        return lines

    def _width_of(self, char: str) -> float:
        """Measured once for each letter: the font has no pairs that move together."""
        key = (self.font_style, self.font_size_pt, char)
        if key not in self._widths:
            self._widths[key] = self.get_string_width(char)
        return self._widths[key]

    def tick(self, text: str, *, ticked: bool = False) -> None:
        """A box to tick, with what it means."""
        self.set_font(FAMILY, size=_TEXT)
        self.cell(7, 5.5, "\N{BALLOT BOX WITH CHECK}" if ticked else "\N{BALLOT BOX}")
        self.multi_cell(0, 5.5, fit(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def signatures(self, *who: str) -> None:
        """A line to sign on for each, with place and date."""
        for name in who:
            if self.will_page_break(24):
                self.add_page()
            self.ln(14)
            x, y = self.l_margin, self.get_y()
            for begin, width, text in ((0.0, 60.0, "Ort och datum"), (70.0, 100.0, name)):
                self.line(x + begin, y, x + begin + width, y)
                self.set_xy(x + begin, y + 1)
                self.set_font(FAMILY, size=_SMALL)
                self.cell(width, 4, fit(text))
            self.ln(4)

    def finish(self) -> bytes:
        """The document, once."""
        try:
            return bytes(self.output())
        finally:
            _close_fonts(self)

    def _write(self, text: str, size: float, *, bold: bool = False, after: float = 0.0) -> None:
        self.set_font(FAMILY, "B" if bold else "", size)
        self.multi_cell(0, size * 0.52, fit(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
        self.ln(after)


def fit(text: str) -> str:
    """The text with what the font cannot show, and what steers, made visible."""
    known = _letters()
    whole = unicodedata.normalize("NFC", text)  # a letter and its mark apart would be drawn beside each other
    return "".join(char if char == "\n" or ord(char) in known else MISSING for char in whole)


@cache
def _letters() -> frozenset[int]:
    measure = FPDF()
    for style, name in _FACES:
        measure.add_font(FAMILY, style, FONTS / name)
    plain, bold = (set(font.cmap) for font in measure.fonts.values() if isinstance(font, TTFFont))
    shown = plain & bold
    _close_fonts(measure)
    return frozenset(code for code in shown if code >= 0x20 and code not in range(0x7F, 0xA0))


def _close_fonts(document: FPDF) -> None:
    """fpdf2 leaves the files of its fonts open."""
    for font in document.fonts.values():
        if isinstance(font, TTFFont):
            font.ttfont.close()
