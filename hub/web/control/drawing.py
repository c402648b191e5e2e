"""Pictures made on the server, as data for a template: a map of flows and a chart over days.

Each picture has a table beside it that says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 960
_BAR: Final = 12
_WIDEST_BAR: Final = 96.0
_LEAST_NODE: Final = 26
_WIDEST: Final = 46.0
_THINNEST: Final = 1.5
# Shares of refused copies from which a band is drawn in the next colour.
_SHARES: Final = (0.0, 0.05, 0.25)


@dataclass(frozen=True, slots=True)
class Flow:
    """So much from one party to another."""

    sender: str
    recipient: str
    messages: int
    refused: int

    @property
    def share(self) -> float:
        return self.refused / self.messages if self.messages else 0.0

    @property
    def heat(self) -> int:
        """0 nothing refused, to 3: a quarter or more."""
        return sum(self.share > limit for limit in _SHARES)


@dataclass(frozen=True, slots=True)
class Node:
    party: str
    x: float
    y: float
    height: float
    messages: int
    is_sender: bool

    @property
    def middle(self) -> float:
        return round(self.y + self.height / 2, 1)


@dataclass(frozen=True, slots=True)
class Band:
    """One flow as a curve of the map."""

    flow: Flow
    path: str
    width: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a map is drawn on. Names stand beside the bars, or above them where there is no room at the sides."""

    width: float
    left: float
    right: float
    gap: float
    top: float
    has_names_above: bool = False


LARGE: Final = Sheet(WIDTH, 250, 710, gap=14, top=34)
SMALL: Final = Sheet(360, 4, 344, gap=34, top=58, has_names_above=True)
"""For a telephone."""


@dataclass(frozen=True, slots=True)
class Map:
    sheet: Sheet
    height: float
    nodes: Sequence[Node]
    bands: Sequence[Band]


def draw_map(flows: Sequence[Flow], order: Mapping[str, int], sheet: Sheet = LARGE) -> Map:
    """Senders left, recipients right, each in the given order; a band is as wide as its share of the largest flow."""
    most = max((flow.messages for flow in flows), default=1)

    def width(flow: Flow) -> float:
        return round(max(_THINNEST, _WIDEST * flow.messages / most), 1)

    senders = _place(flows, order, width, sheet, is_sender=True)
    recipients = _place(flows, order, width, sheet, is_sender=False)
    used: dict[tuple[str, bool], float] = {}
    bands = []
    for flow in sorted(flows, key=lambda each: (_rank(order, each.sender), _rank(order, each.recipient))):
        begins = _slot(senders[flow.sender], used, width(flow))
        ends = _slot(recipients[flow.recipient], used, width(flow))
        x, to, bend = sheet.left + _BAR, sheet.right, (sheet.right - sheet.left) / 2
        path = f"M{x},{begins} C{x + bend},{begins} {to - bend},{ends} {to},{ends}"
        bands.append(Band(flow, path, width(flow)))
    nodes = [*senders.values(), *recipients.values()]
    height = max((node.y + node.height for node in nodes), default=sheet.top) + 14
    return Map(sheet, round(height, 1), nodes, bands)


def _place(
    flows: Sequence[Flow], order: Mapping[str, int], width: Callable[[Flow], float], sheet: Sheet, *, is_sender: bool
) -> dict[str, Node]:
    parties: dict[str, list[Flow]] = {}
    for flow in flows:
        parties.setdefault(flow.sender if is_sender else flow.recipient, []).append(flow)
    nodes, y = {}, sheet.top
    for party in sorted(parties, key=lambda each: _rank(order, each)):
        height = max(_LEAST_NODE, sum(width(flow) for flow in parties[party]))
        x = sheet.left if is_sender else sheet.right
        many = sum(flow.messages for flow in parties[party])
        nodes[party] = Node(party, x, round(y, 1), round(height, 1), many, is_sender)
        y += height + sheet.gap
    return nodes


def _rank(order: Mapping[str, int], party: str) -> tuple[int, str]:
    return order.get(party, len(order)), party


def _slot(node: Node, used: dict[tuple[str, bool], float], width: float) -> float:
    """The middle of the next free stretch of the node's bar."""
    key = (node.party, node.is_sender)
    start = used.get(key, 0.0)
    used[key] = start + width
    return round(node.y + start + width / 2, 1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: what went through, and on top of it what was refused."""

    x: float
    width: float
    passed_y: float
    passed_height: float
    refused_y: float
    refused_height: float
    label: str
    passed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Chart:
    width: float
    height: float
    base: float
    top: int
    bars: Sequence[Bar]


def draw_chart(days: Sequence[tuple[str, int, int]]) -> Chart:
    """(label, passed, refused) per day, oldest first."""
    height, base, room = 220.0, 190.0, 160.0
    top = round_up(max((passed + refused for _, passed, refused in days), default=0))
    step = (WIDTH - 60) / max(len(days), 1)
    bars = []
    for index, (label, passed, refused) in enumerate(days):
        low, high = (round(room * part / top, 1) for part in (passed, refused))
        x = round(56 + index * step, 1)
        bars.append(
            Bar(
                x,
                round(min(max(2.0, step * 0.72), _WIDEST_BAR), 1),
                base - low,
                low,
                base - low - high,
                high,
                label,
                passed,
                refused,
            )
        )
    return Chart(WIDTH, height, base, top, bars)


def round_up(number: int) -> int:
    """The next number that people like: 1, 2 or 5 times a power of ten."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if number <= factor * step:
                return factor * step
        step *= 10
