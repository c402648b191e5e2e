"""Units gathered into parties for the map, and what they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from hub.reference import names
from hub.service import Hub
from hub.store.survey import Edge
from hub.web.control.drawing import Flow
from hub.web.texts import Words
from routing.vocabulary import HUB

UNKNOWN: Final = "none"
KINDS: Final = ("sd", "jt", "team", "af", "fk", "rg", "sfi", "utb", "pv", "em", "stat", "forbund", HUB, UNKNOWN)
ORDER: Final[Mapping[str, int]] = {kind: index for index, kind in enumerate(KINDS)}


def kind_of(hub: Hub, unit_id: str) -> str:
    if unit_id == HUB:
        return HUB
    unit = hub.directory.find_unit(unit_id)
    return unit.kind if unit is not None else UNKNOWN


def gather(hub: Hub, edges: Iterable[Edge], *, by_unit: bool = False) -> list[Flow]:
    """Flows between kinds of units, or between units."""
    totals: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for edge in edges:
        ends = (edge.sender, edge.unit) if by_unit else (kind_of(hub, edge.sender), kind_of(hub, edge.unit))
        totals[ends][0] += edge.messages
        totals[ends][1] += edge.messages if edge.code else 0
    return [Flow(sender, recipient, *counts) for (sender, recipient), counts in totals.items()]


def name_of_kind(kind: str, words: Words) -> str:
    return words.find(f"control.kinds.{kind}") or names.KINDS.get(kind, kind)


def name_of_unit(hub: Hub, unit_id: str, words: Words) -> str:
    if unit_id in ("", UNKNOWN):
        return words("control.kinds.none")
    if unit_id == HUB:
        return words("control.kinds.hub")
    if unit_id.startswith("staff:"):
        return words("control.kinds.staff", id=unit_id.removeprefix("staff:")[:8])
    unit = hub.directory.find_unit(unit_id)
    return unit.name if unit is not None else unit_id
