"""`python -m bench`: what the project promises figures for, in one run. Ends with 1 when a bar is not met.

Both engines are measured, each beside its floor; the distributed one on servers of its own, started for the run.
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

# The programs here are run as files, too, and find each other as files do.
sys.path.insert(0, str(Path(__file__).parent))

import accept
import broker
import chart
import cycle
import engines
import growth
import mesh
import people
import push
import start
from engines import DISTRIBUTED, EMBEDDED, Engine
from results import FOLDER, Results

SCENES = ("accept", "cycle", "end-to-end", "fan-out", "push", "start", "broker", "growth", "mesh")
USUAL = tuple(name for name in SCENES if name != "mesh")
# How many messages one round of a scene has: embedded, distributed. A quick run has a tenth.
COUNTS = {
    "accept": (8_000, 4_000),
    "cycle": (3_000, 1_500),
    "end-to-end": (3_000, 3_000),
    "fan-out": (300, 150),
    "push": (600, 600),
    "broker": (0, 4_000),
    "mesh": (1_500, 0),
}
LEAST = 150


def main() -> int:
    asked = _parse()
    results = Results()
    for name in asked.engines:
        try:
            with engines.engine(name) as engine:
                results.facts |= engine.facts
                Play(engine, asked, results).run()
        except engines.NotHere as reason:
            print(f"{name}: not measured, {reason}", flush=True)
            results.facts[name] = f"not measured: {reason}"
    mesh.compare(results)
    results.show()
    for failure in results.failures:
        print(f"FAILED: {failure}")
    if not asked.quick:
        _save(results, asked.name)
    return 0 if results.all_met else 1


def _save(results: Results, name: str) -> None:
    path = results.save(name)
    note = ", ".join(f"{fact} {value}" for fact, value in results.facts.items())
    (FOLDER / f"{name}.svg").write_text(chart.draw(results.list_figures(), note), encoding="utf-8")
    print(f"saved as {path} and {name}.svg")


class Play:
    """All scenes of one engine, round by round."""

    def __init__(self, engine: Engine, asked: argparse.Namespace, results: Results) -> None:
        self._engine = engine
        self._asked = asked
        self._all = results
        self._results = results.of(engine.name)
        self._numbers = list(people.list_numbers())

    def run(self) -> None:
        for turn in range(self._asked.rounds):
            for name, play in self._scenes().items():
                self._play(f"round {turn + 1}/{self._asked.rounds}: {name}", name, play)
        accept.compare(self._engine, self._results)
        if self._engine.name == EMBEDDED:
            self._play("growth", "growth", self._growth)

    def _play(self, label: str, name: str, play: Callable[[], None]) -> None:
        """A scene that fails is told of, and the others are played."""
        if name not in self._asked.scenes:
            return
        print(f"{self._engine.name}, {label} ...", end=" ", flush=True)
        started = time.perf_counter()
        try:
            play()
        except Exception as fault:  # noqa: BLE001 - what one scene finds must not cost the figures of the others
            self._all.failures.append(f"{self._engine.name}, {label}: {type(fault).__name__}: {fault}")
            traceback.print_exc()
        print(f"{time.perf_counter() - started:.0f} s", flush=True)

    def _scenes(self) -> dict[str, Callable[[], None]]:
        engine, results, some = self._engine, self._results, self._some
        scenes: dict[str, Callable[[], None]] = {
            "accept": self._accept,
            "cycle": lambda: cycle.full_cycle(engine, some("cycle"), results),
            "end-to-end": lambda: cycle.end_to_end(engine, some("end-to-end"), results),
            "fan-out": lambda: cycle.fan_out(engine, some("fan-out"), results),
            "push": lambda: push.latency(engine, some("push"), results),
            "start": lambda: start.cold(engine, results),
        }
        if engine.name == DISTRIBUTED:
            return scenes | {"broker": lambda: broker.confirms(engine, self._count("broker"), results)}
        return scenes | {"mesh": self._mesh}

    def _accept(self) -> None:
        accept.floor_round(self._engine, self._some("accept"), self._results)
        accept.hub_round(self._engine, self._some("accept"), self._results)

    def _growth(self) -> None:
        sizes = growth.SIZES[:2] if self._asked.quick else growth.SIZES
        growth.measure(self._numbers, self._results, sizes=sizes, rounds=self._asked.rounds)

    def _mesh(self) -> None:
        try:
            python = mesh.install(Path(__file__).parent / ".mesh")
        except mesh.NotInstalled as reason:
            print(f"not measured, {reason}", end=" ")
            self._all.facts["mesh-sandbox"] = f"not measured: {reason}"
        else:
            mesh.measure(self._some("mesh"), self._all, python, _free_port())

    def _count(self, scene: str) -> int:
        count = COUNTS[scene][engines.NAMES.index(self._engine.name)]
        return max(LEAST, count // 10) if self._asked.quick else count

    def _some(self, scene: str) -> Sequence[str]:
        return list(islice(self._numbers, self._count(scene)))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _scene(name: str) -> str:
    if name not in SCENES:
        raise argparse.ArgumentTypeError(f"{name} is none of: {', '.join(SCENES)}")
    return name


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    # Not by `choices`: with them argparse refuses an empty list.
    parser.add_argument(
        "scenes", nargs="*", type=_scene, metavar="scene", help=f"all but mesh, or some of: {', '.join(SCENES)}"
    )
    parser.add_argument("--mesh", action="store_true", help="also mesh-sandbox, installed beside the benchmarks")
    parser.add_argument("--engine", dest="engines", action="append", choices=engines.NAMES, help="one engine only")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, nothing is saved")
    parser.add_argument("--name", default="results", help="of the files in bench/results/")
    asked = parser.parse_args()
    asked.engines = asked.engines or list(engines.NAMES)
    asked.scenes = {*(asked.scenes or USUAL), *(("mesh",) if asked.mesh else ())}
    return asked


if __name__ == "__main__":
    sys.exit(main())
