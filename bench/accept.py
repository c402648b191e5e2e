"""How many messages per second are accepted durably: the hub against its floor, in alternating rounds of one run."""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

import load
import people

from hub import bootstrap, settings

HERE = Path(__file__).parent
MEDIA = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
UNIT = "sd-farsta"


def event(kind: str, data: dict[str, object]) -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    return {
        "specversion": "1.0", "id": str(uuid.uuid4()), "source": f"/units/{UNIT}", "type": f"se.samverkan.{kind}",
        "time": now, "datacontenttype": "application/json", "data": data,
    }  # fmt: skip


def handling(purpose: str, categories: list[str], **more: object) -> dict[str, object]:
    return {
        "function": "forsorjningsstod", "officer_role": "socialsekreterare", "purpose": purpose,
        "occurred_at": datetime.now(UTC).isoformat(), "basis": [], "categories": categories,
        "protected_identity": "none", **more,
    }  # fmt: skip


def person(number: str) -> dict[str, str]:
    return {"personal_number": number, "given_name": "Prova", "family_name": "Lastberg"}


def consent(number: str, consent_id: str) -> dict[str, object]:
    today = datetime.now(UTC).date()
    categories = ["ID", "CO", "ST", "BE", "LM", "ED", "WA", "FN", "PL", "SO"]
    content = {
        "consent_id": consent_id, "version": 1, "purpose": "jobbtorg_planning",
        "edges": [
            {"holder_authority": "sdn-farsta", "recipient_authority": "amn", "categories": categories},
            {"holder_authority": "amn", "recipient_authority": "sdn-farsta", "categories": categories},
        ],
        "excluded": [], "valid_from": today.isoformat(), "valid_to": (today + timedelta(days=300)).isoformat(),
        "given_by": {"kind": "self"}, "decision_capable": "yes", "method": "paper_signed",
        "signed_on": today.isoformat(), "document_hash": "sha256:" + "0" * 64,
        "information_given": dict.fromkeys(
            ["purpose", "who", "what", "how_long", "voluntary", "withdrawal", "consequences_of_no"], True
        ),
        "language": "sv",
        "recorded_by": {"unit_id": UNIT, "officer_role": "socialsekreterare"},
        "recorded_at": datetime.now(UTC).isoformat(), "status": "active",
    }  # fmt: skip
    data = {"handling": handling("consent_administration", ["ID", "ST"]), "person": person(number), "content": content}
    return event("consent.recorded", data)


def referral(number: str, consent_id: str) -> dict[str, object]:
    claim = {
        "recipient_kind": "jt", "code": "CONSENT", "consent_id": consent_id,
        "assessed_by_role": "socialsekreterare", "assessed_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    content = {
        "contact": {"phone": "+46701740605", "language": "so", "interpreter": True},
        "enrolment_reason": "unemployed", "work_extent": "100", "receives_support": True, "af_registered": "no",
        "education_level": "9",
        "functional_needs": ["behöver skriftliga instruktioner, gärna med bilder, och tid att läsa dem"] * 3,
        "reporting_request": {"items": ["attendance", "activity", "closing"], "until": "2099-12-31"},
        "note": "Nås säkrast på förmiddagen. " * 16,
    }  # fmt: skip
    categories = ["BE", "CO", "ED", "FN", "ID", "LM", "ST", "WA"]
    data = {
        "handling": handling("jobbtorg_planning", categories, to=[{"role": "responsible_jobbtorg"}], basis=[claim]),
        "person": person(number),
        "content": content,
    }
    return event("referral.submitted", data)


@contextmanager
def process(script: str, argument: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    started = subprocess.Popen([sys.executable, str(HERE / script), str(argument)], stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        yield started, int(started.stdout.readline())
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(60)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, from /proc (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def memory_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def one_round(which: str, numbers: list[str], senders: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / ("floor.sqlite3" if which == "floor" else "data")
        target.parent.mkdir(exist_ok=True)
        with process("floor.py" if which == "floor" else "hub_process.py", target) as (server, port):
            host = f"127.0.0.1:{port}"
            ids = {number: str(uuid.uuid4()) for number in numbers}
            token = "none"
            if which == "hub":
                chosen = settings.load({"data_dir": target}, {}, None)
                issuer = bootstrap.build_issuer(chosen)
                token = issuer.issue(UNIT, timedelta(hours=1), datetime.now(UTC))
                record_consents(host, port, token, ids)
            bodies = [json.dumps(referral(number, ids[number]), ensure_ascii=False).encode() for number in numbers]
            requests = [load.request_bytes("/v1/messages", host, body, token, MEDIA) for body in bodies]
            warm, measured_part = requests[: len(requests) // 10], requests[len(requests) // 10 :]
            uvloop.run(load.run("127.0.0.1", port, warm, senders))
            before = cpu_seconds(server.pid)
            measured = uvloop.run(load.run("127.0.0.1", port, measured_part, senders))
            used = cpu_seconds(server.pid) - before
            assert set(measured.statuses) == {202}, measured.statuses
            return {
                "per_second": measured.per_second,
                "p50_ms": measured.percentile(0.50) * 1000,
                "p99_ms": measured.percentile(0.99) * 1000,
                "cpu_us": used / len(measured_part) * 1e6,
                "memory_mib": memory_mib(server.pid),
                "body_bytes": statistics.mean(len(body) for body in bodies),
            }


def record_consents(host: str, port: int, token: str, ids: dict[str, str]) -> None:
    events = [consent(number, consent_id) for number, consent_id in ids.items()]
    batches = [json.dumps(events[start : start + 100]).encode() for start in range(0, len(events), 100)]
    requests = [load.request_bytes("/v1/messages", host, body, token, BATCH) for body in batches]
    measured = asyncio.run(load.run("127.0.0.1", port, requests, 8))
    assert set(measured.statuses) == {200}, measured.statuses


def show(rows: dict[str, list[dict[str, float]]], senders: int) -> dict[str, float]:
    medians = {
        which: {name: statistics.median(row[name] for row in found) for name in found[0]}
        for which, found in rows.items()
    }
    table = Table(title=f"Accepted durably, {senders} senders, {medians['hub']['body_bytes']:.0f} bytes")
    for column in ("", "messages/s (min-max)", "p50 ms", "p99 ms", "CPU µs/message", "memory MiB"):
        table.add_column(column, justify="right" if column else "left")
    for which, middle in medians.items():
        spread = [row["per_second"] for row in rows[which]]
        table.add_row(
            which,
            f"{middle['per_second']:,.0f} ({min(spread):,.0f}-{max(spread):,.0f})",
            f"{middle['p50_ms']:.1f}",
            f"{middle['p99_ms']:.1f}",
            f"{middle['cpu_us']:.0f}",
            f"{middle['memory_mib']:.0f}",
        )
    console = Console()
    console.print(table)
    ratios = [hub["per_second"] / floor["per_second"] for hub, floor in zip(rows["hub"], rows["floor"], strict=True)]
    ratio = statistics.median(ratios)
    console.print(f"hub / floor, pair by pair: median {ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})")
    bar = min(2000.0, 0.6 * medians["floor"]["per_second"])
    met = medians["hub"]["per_second"] >= bar and medians["hub"]["p99_ms"] < 100
    console.print(f"bar: {bar:,.0f} messages/s and p99 below 100 ms: {'met' if met else 'NOT met'}")
    return {"ratio": ratio, "bar": bar, "met": met}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--senders", type=int, default=64)
    chosen = parser.parse_args()
    numbers = list(islice(people.list_numbers(), chosen.messages))
    rows: dict[str, list[dict[str, float]]] = {"floor": [], "hub": []}
    for turn in range(chosen.rounds):
        for which, found in rows.items():
            found.append(one_round(which, numbers, chosen.senders))
            print(f"round {turn + 1}/{chosen.rounds} {which}: {found[-1]['per_second']:,.0f} messages/s", flush=True)
    verdict = show(rows, chosen.senders)
    facts = {
        "python": platform.python_version(), "sqlite": sqlite3.sqlite_version, "machine": platform.machine(),
        "cores": len(__import__("os").sched_getaffinity(0)), "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    document = {"facts": facts, "senders": chosen.senders, "rows": rows, "verdict": verdict}
    (results / "accept.json").write_text(json.dumps(document, indent=1) + "\n")
    return 0 if verdict["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
