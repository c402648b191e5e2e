"""A laid out state machine as SVG: no script, no font file, readable on light and on dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from hub.reference.layout import START, Arrow, Box, Layout

_MARGIN = 28.0
_HEAD = 46.0
_FOOT = 44.0
_CORNER = 8.0

# The picture brings its own ground, so that it is readable on any page.
_STYLE = """\
  svg { --ground: #ffffff; --ink: #1c2430; --soft: #5b6675; --box: #eef3fa; --edge: #46689a; --end: #f3f1ec;
        --down: #2b5c9c; --up: #a8501c; --card: #d9dfe8; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #12171f; --ink: #e8ecf2; --soft: #a3afbf; --box: #1d2838; --edge: #7da3d6; --end: #26241f;
          --down: #82b1ee; --up: #eda06a; --card: #323c4a; }
  }
  text { font-family: system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: var(--ink); }
  .card { fill: var(--ground); stroke: var(--card); }
  .title { font-size: 17px; font-weight: 600; }
  .note, .stays { font-size: 12px; fill: var(--soft); }
  .box { fill: var(--box); stroke: var(--edge); stroke-width: 1.4; }
  .end { fill: var(--end); stroke: var(--edge); stroke-width: 1.4; }
  .inner { fill: none; stroke: var(--edge); stroke-width: 0.9; }
  .state { font-size: 14px; font-weight: 600; text-anchor: middle; }
  .code { font-size: 12px; font-family: ui-monospace, "Liberation Mono", Menlo, monospace; fill: var(--soft);
          text-anchor: middle; }
  .stays { text-anchor: middle; }
  .under { fill: none; stroke: var(--ground); stroke-width: 7; }
  .line { fill: none; stroke-width: 1.7; }
  .right .line, .down .line { stroke: var(--down); }
  .left .line { stroke: var(--up); }
  .right .solid, .down .solid { fill: var(--down); }
  .left .solid { fill: var(--up); }
  .pill { fill: var(--ground); stroke-width: 1.1; }
  .right .pill, .down .pill { stroke: var(--down); }
  .left .pill { stroke: var(--up); }
  .label { font-size: 11.5px; font-weight: 600; text-anchor: middle; }
  .start { fill: var(--ink); }"""


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine to draw: `names` are the states in words, `tooltips` say what a label stands for."""

    title: str
    layout: Layout
    final: frozenset[str]
    names: Mapping[str, str]
    tooltips: Mapping[str, str]


def draw(title: str, description: str, machines: Sequence[Machine], notes: Sequence[str]) -> str:
    """The machines side by side under their titles, the notes below."""
    width = sum(machine.layout.width for machine in machines) + _MARGIN * 2 * len(machines)
    height = max(machine.layout.height for machine in machines) + _HEAD + _MARGIN * 2 + _FOOT
    size = f'viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f"<style>\n{_STYLE}\n</style>",
        f'<rect class="card" x="0.5" y="0.5" width="{_n(width - 1)}" height="{_n(height - 1)}" rx="10"/>',
    ]
    left = _MARGIN
    for machine in machines:
        lines += [f'<g transform="translate({_n(left)} {_n(_MARGIN + _HEAD)})">', *_machine(machine), "</g>"]
        left += machine.layout.width + _MARGIN * 2
    lines += [
        f'<text class="note" x="{_n(_MARGIN)}" y="{_n(height - _MARGIN - 18 * index)}">{escape(note)}</text>'
        for index, note in enumerate(reversed(notes))
    ]
    return "\n".join([*lines, "</svg>", ""])


def _machine(machine: Machine) -> Iterator[str]:
    middle = machine.layout.boxes[0].x + machine.layout.boxes[0].width / 2
    yield f'<text class="title" x="{_n(middle)}" y="-24" text-anchor="middle">{escape(machine.title)}</text>'
    for arrow in machine.layout.arrows:
        yield from _arrow(arrow, machine.tooltips)
    for box in machine.layout.boxes:
        yield from _box(box, machine)


def _arrow(arrow: Arrow, tooltips: Mapping[str, str]) -> Iterator[str]:
    pill = arrow.pill
    told = "; ".join(f"{name}: {tooltips[name]}" for name in pill.text.split(", ") if name in tooltips)
    yield f'<g class="{arrow.side}"><title>{escape(told)}</title>'
    segments = [_rounded(arrow.path), *(_straight(start, end) for start, end in arrow.stubs)]
    yield from (f'<path class="under" d="{path}"/>' for path in segments)
    yield from (f'<path class="line" d="{path}"/>' for path in segments)
    yield from (f'<circle class="solid" cx="{_n(x)}" cy="{_n(y)}" r="3"/>' for x, y in arrow.joints)
    yield f'<path class="solid" d="{_head(arrow)}"/>'
    yield (
        f'<rect class="pill" x="{_n(pill.x)}" y="{_n(pill.y)}" width="{_n(pill.width)}" height="{_n(pill.height)}" '
        f'rx="{_n(pill.height / 2)}"/>'
    )
    x, y = pill.x + pill.width / 2, pill.y + pill.height / 2 + 4
    yield f'<text class="label" x="{_n(x)}" y="{_n(y)}">{escape(pill.text)}</text></g>'


def _box(box: Box, machine: Machine) -> Iterator[str]:
    middle = box.x + box.width / 2
    if box.state == START:
        yield f'<circle class="start" cx="{_n(middle)}" cy="{_n(box.y + box.height / 2)}" r="9"/>'
        return
    ends = box.state in machine.final
    yield f'<rect class="{"end" if ends else "box"}" {_frame(box, 0)} rx="9"/>'
    if ends:
        yield f'<rect class="inner" {_frame(box, 4)} rx="6"/>'
    y = box.y + box.height / 2 - (2 + len(box.stays)) * 8.5 + 12
    yield f'<text class="state" x="{_n(middle)}" y="{_n(y)}">{escape(machine.names.get(box.state, box.state))}</text>'
    yield f'<text class="code" x="{_n(middle)}" y="{_n(y + 17)}">{escape(box.state)}</text>'
    for index, line in enumerate(box.stays):
        yield f'<text class="stays" x="{_n(middle)}" y="{_n(y + 17 * (index + 2))}">{escape(line)}</text>'


def _frame(box: Box, inset: float) -> str:
    return (
        f'x="{_n(box.x + inset)}" y="{_n(box.y + inset)}" width="{_n(box.width - 2 * inset)}" '
        f'height="{_n(box.height - 2 * inset)}"'
    )


Point = tuple[float, float]


def _straight(start: Point, end: Point) -> str:
    return f"M{_at(start)} L{_at(end)}"


def _rounded(points: Sequence[Point]) -> str:
    """Straight pieces with rounded corners."""
    parts = [f"M{_at(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        parts.append(f"L{_at(_toward(corner, before))} Q{_at(corner)} {_at(_toward(corner, after))}")
    return " ".join([*parts, f"L{_at(points[-1])}"])


def _toward(corner: Point, other: Point) -> Point:
    """The place where a corner's curve begins."""
    across, down = other[0] - corner[0], other[1] - corner[1]
    length = abs(across) + abs(down)
    share = min(_CORNER, length / 2) / length if length else 0.0
    return corner[0] + across * share, corner[1] + down * share


def _head(arrow: Arrow) -> str:
    x, y = arrow.path[-1]
    if arrow.side == "down":
        return f"M{_at((x, y))} l-5 -9 h10 Z"
    return f"M{_at((x, y))} l{'9' if arrow.side == 'right' else '-9'} -5 v10 Z"


def _at(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"


def _n(number: float) -> str:
    """A coordinate: short, and the same on every machine."""
    return f"{number:.1f}".removesuffix(".0")
