"""Where everything of a state machine's drawing goes: one column of boxes, with lanes for the arrows beside it.

States stand below each other in the order in which a case reaches them. A step to the next state is a straight
arrow; other steps down run in lanes to the right, steps back up in lanes to the left. A step from several states is
one lane that all of them join. So no arrow passes through a box, whatever the machine; where two arrows cross they
do so at a right angle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

START = ""
"""The pseudo-state before a case exists."""

BOX_WIDTH = 216.0
GAP = 44.0
_LINE = 17.0
_PADDING = 22.0
_PORT = 20.0
_LANE = 20.0
_PILL_HEIGHT = 16.0
_ARROW = 12.0
_CHARACTER = 6.7  # of the pills' text, on the generous side

Side = Literal["down", "left", "right"]


@dataclass(frozen=True, slots=True)
class Step:
    """One transition as it is drawn. `target` None: the states in `sources` stay."""

    id: str
    sources: frozenset[str]
    target: str | None


@dataclass(frozen=True, slots=True)
class Box:
    """A state: its name and the steps that leave it where it is, in lines that fit."""

    state: str
    x: float
    y: float
    width: float
    height: float
    stays: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pill:
    """The label of an arrow."""

    text: str
    x: float
    y: float
    width: float
    height: float = _PILL_HEIGHT


@dataclass(frozen=True, slots=True)
class Arrow:
    """One lane with everything that joins it. `path` ends in the arrowhead; `stubs` join it at `joints`."""

    side: Side
    path: tuple[tuple[float, float], ...]
    stubs: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    pill: Pill

    @property
    def joints(self) -> tuple[tuple[float, float], ...]:
        return tuple(end for _start, end in self.stubs)


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole machine, with its upper left corner at (0, 0)."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Steps between the same states, drawn as one arrow."""

    side: Side
    sources: tuple[int, ...]
    target: int
    label: str
    lane: int = 0

    @property
    def first(self) -> int:
        return min(*self.sources, self.target)

    @property
    def last(self) -> int:
        return max(*self.sources, self.target)

    @property
    def pill_width(self) -> float:
        return len(self.label) * _CHARACTER + 12


def order_states(states: Iterable[str], final: frozenset[str], steps: Sequence[Step]) -> list[str]:
    """The states as a case reaches them, those that end it last, what nothing leads to at the very end."""
    reached = [START]
    for state in reached:
        for step in steps:
            leaves = state in step.sources or (state == START and not step.sources)
            if leaves and step.target is not None and step.target not in reached:
                reached.append(step.target)
    found = [state for state in reached if state != START]
    found += sorted(set(states) - set(found))
    begun = [START] if any(not step.sources for step in steps) else []
    return begun + [state for state in found if state not in final] + [state for state in found if state in final]


def lay_out(order: Sequence[str], steps: Sequence[Step]) -> Layout:
    """Everything in its place. `order` names every state once, from top to bottom."""
    bundles = _assign_lanes(_bundle(order, steps))
    margins = {side: _margin(bundles, side) for side in ("left", "right")}
    boxes = _place_boxes(order, _stays(steps), bundles, margins["left"])
    arrows = tuple(_draw(bundle, boxes, bundles) for bundle in bundles)
    bottom = boxes[-1].y + boxes[-1].height if boxes else 0.0
    return Layout(margins["left"] + BOX_WIDTH + margins["right"], bottom, tuple(boxes), arrows)


def _bundle(order: Sequence[str], steps: Sequence[Step]) -> list[_Bundle]:
    rows = {state: row for row, state in enumerate(order)}
    labels: dict[tuple[Side, tuple[int, ...], int], list[str]] = {}
    for step in steps:
        if step.target is None:
            continue
        target = rows[step.target]
        sources = sorted(rows[state] for state in step.sources or {START})
        above = tuple(row for row in sources if row < target)
        below = tuple(row for row in sources if row > target)
        if above:
            side: Side = "down" if above == (target - 1,) else "right"
            labels.setdefault((side, above, target), []).append(step.id)
        if below:
            labels.setdefault(("left", below, target), []).append(step.id)
    return [_Bundle(side, sources, target, ", ".join(ids)) for (side, sources, target), ids in labels.items()]


def _stays(steps: Sequence[Step]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in steps:
        for state in sorted(step.sources):
            if step.target in (None, state):
                found.setdefault(state, []).append(step.id)
    return found


def _assign_lanes(bundles: Sequence[_Bundle]) -> list[_Bundle]:
    """The shortest nearest to the boxes; two share a lane when they have no row in common."""
    taken: dict[tuple[Side, int], list[_Bundle]] = {}
    placed = [bundle for bundle in bundles if bundle.side == "down"]
    for bundle in sorted(bundles, key=lambda each: (each.last - each.first, each.first, each.label)):
        if bundle.side == "down":
            continue
        lane = 0
        while any(_meet(bundle, other) for other in taken.get((bundle.side, lane), ())):
            lane += 1
        found = _Bundle(bundle.side, bundle.sources, bundle.target, bundle.label, lane)
        taken.setdefault((bundle.side, lane), []).append(found)
        placed.append(found)
    return placed


def _meet(one: _Bundle, other: _Bundle) -> bool:
    return one.first <= other.last and other.first <= one.last


def _margin(bundles: Sequence[_Bundle], side: str) -> float:
    """What the lanes of a side and the labels between them and the boxes need."""
    here = [bundle for bundle in bundles if bundle.side == side]
    if not here:
        return 0.0
    return _gutter(here) + _LANE * (1 + max(bundle.lane for bundle in here))


def _gutter(bundles: Sequence[_Bundle]) -> float:
    return max(bundle.pill_width for bundle in bundles) + _ARROW + 14


def _place_boxes(
    order: Sequence[str], stays: Mapping[str, list[str]], bundles: Sequence[_Bundle], left: float
) -> list[Box]:
    boxes: list[Box] = []
    y = 0.0
    for row, state in enumerate(order):
        ports = max(len(_ports(bundles, row, side)) for side in ("left", "right"))
        lines = tuple(_wrap(stays.get(state, ())))
        text = 18.0 if state == START else _PADDING + _LINE * (2 + len(lines))
        height = max(text, _PORT * ports + (0 if state == START else 8))
        boxes.append(Box(state, left, y, BOX_WIDTH, height, lines))
        y += height + GAP
    return boxes


def _wrap(ids: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for entry in ids:
        if lines and (len(lines[-1]) + len(entry) + 2) * _CHARACTER <= BOX_WIDTH - 20:
            lines[-1] += f", {entry}"
        else:
            lines.append(f"↻ {entry}" if not lines else entry)
    return lines


def _ports(bundles: Sequence[_Bundle], row: int, side: str) -> list[_Bundle]:
    """What touches a box at one side, from top to bottom, so that as little as can be crosses."""
    here = [bundle for bundle in bundles if bundle.side == side and row in (bundle.target, *bundle.sources)]
    arriving = sorted((each for each in here if each.target == row), key=lambda each: each.lane)
    leaving = sorted((each for each in here if each.target != row), key=lambda each: each.lane)
    return arriving + leaving[::-1] if side == "right" else leaving + arriving[::-1]


def _draw(bundle: _Bundle, boxes: Sequence[Box], bundles: Sequence[_Bundle]) -> Arrow:
    if bundle.side == "down":
        return _draw_down(bundle, boxes)
    here = [each for each in bundles if each.side == bundle.side]
    outward = 1 if bundle.side == "right" else -1
    edge = boxes[0].x + (BOX_WIDTH if outward > 0 else 0)
    lane = edge + outward * (_gutter(here) + _LANE * (bundle.lane + 0.5))
    end = _port_height(bundle, bundle.target, boxes, bundles)
    far, *near = sorted(bundle.sources, key=lambda row: -abs(row - bundle.target))
    begin = _port_height(bundle, far, boxes, bundles)
    stubs = []
    for row in near:
        height = _port_height(bundle, row, boxes, bundles)
        stubs.append(((_edge(boxes[row], outward), height), (lane, height)))
    path = ((_edge(boxes[far], outward), begin), (lane, begin), (lane, end), (edge, end))
    left = edge + _ARROW if outward > 0 else edge - _ARROW - bundle.pill_width
    pill = Pill(bundle.label, left, end - _PILL_HEIGHT / 2, bundle.pill_width)
    return Arrow(bundle.side, path, tuple(stubs), pill)


def _edge(box: Box, outward: int) -> float:
    """Where an arrow leaves a box; the start is a dot in the middle of the column."""
    if box.state == START:
        return box.x + BOX_WIDTH / 2
    return box.x + (BOX_WIDTH if outward > 0 else 0)


def _port_height(bundle: _Bundle, row: int, boxes: Sequence[Box], bundles: Sequence[_Bundle]) -> float:
    ports = _ports(bundles, row, bundle.side)
    box = boxes[row]
    index = next(index for index, each in enumerate(ports) if each is bundle)
    return box.y + box.height / 2 + _PORT * (index - (len(ports) - 1) / 2)


def _draw_down(bundle: _Bundle, boxes: Sequence[Box]) -> Arrow:
    above, below = boxes[bundle.sources[0]], boxes[bundle.target]
    x, begin, end = above.x + BOX_WIDTH / 2, above.y + above.height, below.y
    middle = (begin + end - 6) / 2
    pill = Pill(bundle.label, x - bundle.pill_width / 2, middle - _PILL_HEIGHT / 2, bundle.pill_width)
    return Arrow("down", ((x, begin), (x, end)), (), pill)
