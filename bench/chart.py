"""The figures as an SVG: a bar per median, a line from the least to the most, a mark at what is to be reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from results import Figure, format_number

_WIDTH, _LABEL, _VALUE, _ROW, _HEAD = 860, 300, 150, 22, 38
_FIELD = _WIDTH - _LABEL - _VALUE
# The picture brings its own ground, so that it is readable on any page.
_STYLE = """\
  svg { --ground: #ffffff; --ink: #1c2430; --soft: #5b6675; --bar: #46689a; --spread: #1c2430; --mark: #a8501c; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #12171f; --ink: #e8ecf2; --soft: #a3afbf; --bar: #7da3d6; --spread: #e8ecf2; --mark: #eda06a; }
  }
  text { font: 12px system-ui, "Liberation Sans", Arial, sans-serif; fill: var(--ink); }
  .scene { font-size: 14px; font-weight: 600; }
  .value, .foot { fill: var(--soft); }
  .bar { fill: var(--bar); }
  .spread { stroke: var(--spread); stroke-width: 1.4; }
  .mark { stroke: var(--mark); stroke-width: 2; stroke-dasharray: 3 2; }"""


def draw(figures: Sequence[Figure], note: str) -> str:
    """Figures of one scene and one unit share a scale; those of other units have their own."""
    lines: list[str] = []
    y = 16.0
    for scene, found in groupby(figures, key=lambda figure: figure.scene):
        shown = list(found)
        lines.append(f'<text class="scene" x="12" y="{y + 14:.0f}">{escape(scene)}</text>')
        y += _HEAD - 14
        for figure in shown:
            most = max(_reach(other) for other in shown if other.unit == figure.unit)
            lines += _row(figure, y, _FIELD / (most or 1.0))
            y += _ROW
        y += 14
    lines.append(f'<text class="foot" x="12" y="{y + 12:.0f}">{escape(note)}</text>')
    height = y + 28
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img">'
    ground = '<rect width="100%" height="100%" fill="var(--ground)"/>'
    return "\n".join([head, f"<style>\n{_STYLE}\n</style>", ground, *lines, "</svg>", ""])


def _reach(figure: Figure) -> float:
    return max(*figure.rounds, figure.median, figure.bar or 0.0)


def _row(figure: Figure, y: float, scale: float) -> Iterator[str]:
    middle = y + _ROW / 2
    yield f'<text x="{_LABEL - 8}" y="{middle + 4:.0f}" text-anchor="end">{escape(figure.name)}</text>'
    yield f'<rect class="bar" x="{_LABEL}" y="{y + 4:.0f}" width="{figure.median * scale:.1f}" height="{_ROW - 8}"/>'
    least, most = (_LABEL + value * scale for value in (min(figure.rounds), max(figure.rounds)))
    yield f'<line class="spread" x1="{least:.1f}" x2="{most:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>'
    if figure.bar is not None:
        at = _LABEL + figure.bar * scale
        yield f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{y + 1:.0f}" y2="{y + _ROW - 1:.0f}"/>'
    value = f"{format_number(figure.median)} {figure.unit}"
    yield f'<text class="value" x="{_WIDTH - _VALUE + 12}" y="{middle + 4:.0f}">{escape(value)}</text>'
