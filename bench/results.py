"""Medians and spread of what was measured, as a table, as JSON with the machine's facts, and as a drawing."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent / "results"


@dataclass(slots=True)
class Figure:
    """One thing that was measured, once per round. `bar` is what it must reach; `most`: it may not be more."""

    scene: str
    name: str
    unit: str
    rounds: list[float] = field(default_factory=list)
    bar: float | None = None
    most: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def is_met(self) -> bool | None:
        if self.bar is None:
            return None
        return self.median <= self.bar if self.most else self.median >= self.bar


Figures = dict[tuple[str, str], Figure]


class Results:
    """Figures by scene and name, in the order in which they came."""

    def __init__(self, figures: Figures | None = None, prefix: str = "") -> None:
        self._figures: Figures = {} if figures is None else figures
        self._prefix = prefix
        self.failures: list[str] = []
        self.facts: dict[str, object] = facts()

    def of(self, engine: str) -> Results:
        """The same figures; scenes are named after the engine that plays them."""
        return Results(self._figures, f"{engine}: ")

    def add(
        self, scene: str, name: str, unit: str, value: float, *, bar: float | None = None, most: bool = False
    ) -> None:
        """One round's value. The bar of the last round counts."""
        key = self._prefix + scene, name
        figure = self._figures.setdefault(key, Figure(*key, unit))
        figure.rounds.append(value)
        figure.bar, figure.most = bar, most

    def find(self, scene: str, name: str) -> Figure | None:
        return self._figures.get((self._prefix + scene, name))

    def list_figures(self) -> Sequence[Figure]:
        """Those of one scene together, scenes in the order in which they were first played."""
        scenes = list(dict.fromkeys(scene for scene, _ in self._figures))
        return sorted(self._figures.values(), key=lambda figure: scenes.index(figure.scene))

    def show(self) -> None:
        table = Table("scene", "measured", "median", "spread", "bar", "")
        for figure in self.list_figures():
            side = "at most" if figure.most else "at least"
            bar = "" if figure.bar is None else f"{side} {format_number(figure.bar)}"
            verdict = {None: "", True: "met", False: "NOT met"}[figure.is_met]
            spread = f"{format_number(min(figure.rounds))}-{format_number(max(figure.rounds))}"
            table.add_row(
                figure.scene, figure.name, f"{format_number(figure.median)} {figure.unit}", spread, bar, verdict
            )
        Console(width=150).print(table)

    def save(self, name: str) -> Path:
        FOLDER.mkdir(exist_ok=True)
        figures = [asdict(figure) for figure in self.list_figures()]
        document = {"facts": self.facts, "failures": self.failures, "figures": figures}
        path = FOLDER / f"{name}.json"
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        return path

    @property
    def all_met(self) -> bool:
        return not self.failures and all(figure.is_met is not False for figure in self.list_figures())


def facts() -> dict[str, object]:
    """What a reader needs to judge the figures; nothing that names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load_before": round(os.getloadavg()[0], 2),
    }


def format_number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
