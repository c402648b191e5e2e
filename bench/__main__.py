"""`python -m bench`: what the project promises figures for, in one run. Ends with 1 when a bar is not met."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

# The programs here are run as files, too, and find each other as files do.
sys.path.insert(0, str(Path(__file__).parent))

import accept
import chart
import cycle
import growth
import mesh
import people
import push
import start
from results import FOLDER, Results, facts

SCENES = ("accept", "cycle", "end-to-end", "fan-out", "push", "growth", "start", "mesh")
USUAL = tuple(name for name in SCENES if name != "mesh")


def main() -> int:
    asked = _parse()
    results = Results()
    everybody = list(people.list_numbers())
    environ: Mapping[str, str] = {}
    for turn in range(asked.rounds):
        for name, play in _scenes(asked, everybody, results, environ).items():
            if name in asked.scenes:
                print(f"round {turn + 1}/{asked.rounds}: {name}", flush=True)
                play()
    if "growth" in asked.scenes:
        print("growth", flush=True)
        sizes = growth.SIZES[:2] if asked.quick else growth.SIZES
        growth.measure(everybody, results, sizes=sizes, rounds=asked.rounds)
    if "accept" in asked.scenes:
        accept.compare(results)
    mesh.compare(results)
    results.show()
    if not asked.quick:
        results.save(asked.name)
        note = ", ".join(f"{name} {value}" for name, value in facts().items())
        (FOLDER / f"{asked.name}.svg").write_text(chart.draw(results.list_figures(), note), encoding="utf-8")
    return 0 if results.all_met else 1


def _scenes(
    asked: argparse.Namespace, everybody: list[str], results: Results, environ: Mapping[str, str]
) -> dict[str, Callable[[], None]]:
    def some(count: int) -> list[str]:
        return list(islice(everybody, max(200, count // 10) if asked.quick else count))

    def floor_and_hub() -> None:
        accept.floor_round(some(asked.messages), results)
        accept.hub_round(some(asked.messages), results, environ=environ)

    def sandbox() -> None:
        python = mesh.install(Path(__file__).parent / ".mesh")
        mesh.measure(some(3_000), results, python, _free_port())

    return {
        "accept": floor_and_hub,
        "cycle": lambda: cycle.full_cycle(some(4_000), results, environ),
        "end-to-end": lambda: cycle.end_to_end(some(4_000), results, environ),
        "fan-out": lambda: cycle.fan_out(some(500), results, environ),
        "push": lambda: push.latency(some(1_000), results, environ),
        "start": lambda: start.cold(results),
        "mesh": sandbox,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenes", nargs="*", default=USUAL, choices=SCENES, help="what to measure (all but mesh)")
    parser.add_argument("--mesh", action="store_true", help="also mesh-sandbox, installed beside the benchmarks")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=10_000, help="accepted in one round")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, nothing is saved")
    parser.add_argument("--name", default="embedded", help="of the files in bench/results/")
    asked = parser.parse_args()
    asked.scenes = {*asked.scenes, *(("mesh",) if asked.mesh else ())}
    return asked


if __name__ == "__main__":
    sys.exit(main())
