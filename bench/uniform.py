"""Do refusals that must look alike also take alike? Requests of each kind in turn, and a test of their times.

Each question with a thousand requests of every kind, mixed at random so that whatever disturbs the machine disturbs all
kinds: a stranger who writes of no case, of another's case, and of a case that was made unreadable for protection, in
earnest and as a dry run; a statutory message about a person who has a case and about one who has none; a missing
consent, an unknown protection, and the flag of protection, of somebody who is known here and of somebody who is not; a
consent that another authority records, about somebody who has a case and somebody who has none. Status and body are
compared as well. The test is Mann and Whitney's of ranks, two-sided, with the normal approximation; below 0.01 the
program ends with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support import events, field, persons
from tests.support.hub_process import HubProcess
from tests.support.party import STRUCTURED, Answer, Party, delivery_of

SIGNIFICANT = 0.01
Ask = Callable[[], Any]


def rank_test(one: list[float], other: list[float]) -> float:
    """The probability of ranks at least so uneven, were both from one population (Mann and Whitney 1947)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = [0.0, 0.0]
    for place, (_, group) in enumerate(ranked, 1):
        ranks[group] += place
    m, n = len(one), len(other)
    statistic = ranks[0] - m * (m + 1) / 2
    deviation = math.sqrt(m * n * (m + n + 1) / 12)
    return math.erfc(abs((statistic - m * n / 2) / deviation) / math.sqrt(2))


def shape(answer: Answer) -> tuple[int, str]:
    """Status and body without what differs by nature: ids, instants, the place in the log."""
    body = answer.json
    for name in ("id", "request_id", "recordedtime", "log", "instance"):
        body.pop(name, None)
    return answer.status, json.dumps(body, sort_keys=True)


async def strangers(town: field.Field) -> dict[str, Ask]:
    """A jobbtorg that is no party writes of a case."""
    open_case, protected = await town.refer(), await town.refer()
    flag = {"protected_identity": "sekretessmarkering"}
    await protected.stadsdel.tell("plan.decided", protected.case_id, person=protected.person, handling=flag)
    stranger = town.party("jt-jarva")

    def ask(case_id: str) -> Ask:
        return lambda: stranger.tell("referral.answered", case_id, person=persons.KIM)

    return {
        "no such case": ask(events.new_id()),
        "another's case": ask(open_case.case_id),
        "protected": ask(protected.case_id),
    }


async def statutory(town: field.Field) -> dict[str, Ask]:
    """Arbetsförmedlingen tells a stadsdel what the law lists."""
    case = await town.refer()
    sender: Party = town.party("af-stockholm")

    def ask(person: persons.Person) -> Ask:
        to = [{"unit": case.stadsdel.unit}]
        return lambda: sender.tell("af.status-notified", person=person, to=to, basis=[("sd", "SOL_15_11", None)])

    unknown = next(each for each in reversed(persons.ADULTS) if each != case.person)
    return {"has a case": ask(case.person), "has none": ask(unknown)}


async def dry_strangers(town: field.Field) -> dict[str, Ask]:
    """The same questions without sending."""
    open_case, stranger = await town.refer(), town.party("jt-jarva")

    def ask(case_id: str) -> Ask:
        return lambda: explain(stranger, "referral.answered", case_id, person=persons.KIM)

    return {"no such case": ask(events.new_id()), "another's case": ask(open_case.case_id)}


async def explain(sender: Party, type_name: str, subject: str | None = None, **parts: Any) -> Answer:
    body = events.data(type_name, at=field.now(), **parts)
    event = sender.event(type_name, body, **({"subject": subject} if subject else {}))
    headers = {"Content-Type": STRUCTURED}
    return await sender.call("POST", "/v1/rules/explain", data=json.dumps(event).encode(), headers=headers)


def somebody_else(case: field.OpenCase) -> persons.Person:
    return next(each for each in reversed(persons.ADULTS) if each != case.person)


async def missing_consent(town: field.Field) -> dict[str, Ask]:
    """A stadsdel refers without a consent."""
    case, farsta = await town.refer(), town.party("sd-farsta")

    def ask(person: persons.Person) -> Ask:
        to, basis = [{"unit": "jt-sydost"}], [("jt", "CONSENT", None)]
        return lambda: farsta.tell("referral.submitted", person=person, to=to, basis=basis)

    return {"has a case elsewhere": ask(case.person), "has none": ask(somebody_else(case))}


async def dry_missing_consent(town: field.Field) -> dict[str, Ask]:
    case, farsta = await town.refer(), town.party("sd-farsta")

    def ask(person: persons.Person) -> Ask:
        to, basis = [{"unit": "jt-sydost"}], [("jt", "CONSENT", None)]
        return lambda: explain(farsta, "referral.submitted", person=person, to=to, basis=basis)

    return {"has a case elsewhere": ask(case.person), "has none": ask(somebody_else(case))}


def foreign(what: str) -> Callable[[field.Field], Any]:
    """Somebody asks for a thing by its id: one that is another's, and one that is not there (S6)."""

    async def build(town: field.Field) -> dict[str, Ask]:
        case, stranger = await town.refer(), town.party("fk-stockholm")
        # One id that is not there, as one that is: what has been asked before is parsed sooner, here and at the hub.
        nobodys = events.new_id()
        ids = {
            "inbox": delivery_of(case.referral, case.jobbtorg.unit),
            "messages": case.referral.json["id"],
            "cases": case.case_id,
            "consents": case.consent_id,
        }

        def ask(thing_id: str) -> Ask:
            return lambda: stranger.call("GET", f"/v1/{what}/{thing_id}")

        return {"another's": ask(ids[what]), "nobody's": ask(nobodys)}

    return build


def flagged(level: str) -> Callable[[field.Field], Any]:
    """The flag of protection from a stadsdel that is no party. What it forgets it forgets once: `sekretessmarkering`
    compares a person whose cases it has held (it has flagged too many before) with one of whom nothing is known."""

    async def build(town: field.Field) -> dict[str, Ask]:
        sender, handling = town.party("sd-farsta"), {"protected_identity": level}
        if level != "unknown":
            for _ in range(3):
                gone = await town.refer()
                await sender.tell("referral.submitted", person=gone.person, handling=handling)
        case = await town.refer()

        def ask(person: persons.Person) -> Ask:
            return lambda: sender.tell("referral.submitted", person=person, handling=handling)

        return {"has a case": ask(case.person), "has none": ask(somebody_else(case))}

    return build


async def consents(town: field.Field) -> dict[str, Ask]:
    """Arbetsförmedlingen records a consent between itself and the jobbtorg's authority."""
    case, sender = await town.refer(), town.party("af-stockholm")

    def ask(person: persons.Person) -> Ask:
        edges = events.both_ways("af", "amn", ("ID", "ST"))
        return lambda: sender.record(person=person, edges=edges, purpose="af_coordination")

    return {"has a case": ask(case.person), "has none": ask(somebody_else(case))}


QUESTIONS: dict[str, Callable[[field.Field], Any]] = {
    "Strangers": strangers,
    "Strangers, dry run": dry_strangers,
    "Statutory messages": statutory,
    "CONSENT_MISSING": missing_consent,
    "CONSENT_MISSING, dry run": dry_missing_consent,
    "PROTECTED_IDENTITY, unknown": flagged("unknown"),
    "PROTECTED_IDENTITY, flagged": flagged("sekretessmarkering"),
    "Consents of another authority": consents,
    "Another's copy": foreign("inbox"),
    "Another's message": foreign("messages"),
    "Another's case": foreign("cases"),
    "Another's consent": foreign("consents"),
}


async def measure(kinds: dict[str, Ask], count: int) -> tuple[dict[str, list[float]], bool]:
    """Milliseconds by kind, and whether all answers had one shape."""
    for ask in kinds.values():
        for _ in range(20):
            await ask()
    turns = [name for name in kinds for _ in range(count)]
    random.shuffle(turns)
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    shapes = set()
    for name in turns:
        started = time.perf_counter()
        answer = await kinds[name]()
        taken[name].append((time.perf_counter() - started) * 1e3)
        shapes.add(shape(answer))
    return taken, len(shapes) == 1


def show(title: str, taken: dict[str, list[float]], *, alike: bool) -> bool:
    """Prints the table. False when something differs."""
    table = Table("kind", "requests", "ms, median", "ms, p95", title=title)
    for name, values in taken.items():
        table.add_row(
            name, str(len(values)), f"{statistics.median(values):.2f}", f"{sorted(values)[-len(values) // 20]:.2f}"
        )
    console = Console()
    console.print(table)
    good = alike
    console.print("answers: " + ("one status and one body" if alike else "they differ"))
    for one, other in combinations(taken, 2):
        p = rank_test(taken[one], taken[other])
        good = good and p >= SIGNIFICANT
        console.print(f"{one} / {other}: p = {p:.3f}")
    return good


async def run(count: int, folder: Path, only: str = "") -> bool:
    # Each unit asks about the same person thousands of times, which no unit may.
    hub = HubProcess(folder, environ={"SAMVERKAN_PERSON_LOOKUPS_PER_HOUR": "0"}).start()
    try:
        async with aiohttp.ClientSession() as session:
            town = field.Field(session, hub)
            good = True
            for title, build in QUESTIONS.items():
                if not title.startswith(only):
                    continue
                taken, alike = await measure(await build(town), count)
                good = show(title, taken, alike=alike) and good
            return good
    finally:
        hub.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="requests of each kind")
    parser.add_argument("--only", default="", metavar="TITLE", help="questions whose title begins so")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        good = asyncio.run(run(asked.count, Path(folder), asked.only))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
