"""A consent is withdrawn while a thousand reads are under way: none after its commit discloses anything (S19)."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from hub import bootstrap, settings
from hub.delivery.reading import Gone, Opened
from hub.intake.accepting import Accepted
from hub.store.records import AuditQuery
from tests.support import events, judging, office

DISCLOSED, WITHDRAWN = "delivery_disclosed", "consent_withdrawn"


@pytest.mark.parametrize("reads", [100, pytest.param(1000, marks=pytest.mark.slow)])
async def test_no_read_discloses_after_the_withdrawal(tmp_path: Path, reads: int) -> None:
    given = settings.load({"data_dir": tmp_path / "data", "allow_test_numbers": True, "group_size": 16}, {}, None)
    hub = bootstrap.build_hub(
        given, registry=events.catalogue(), directory=judging.directory(), rulebook=judging.rules()
    )
    await hub.open()
    _, delivery, consent_id = await office.refer(hub)
    withdrawn = asyncio.Event()

    async def read(number: int) -> tuple[bool, type]:
        """Whether it began after the withdrawal was answered, and what came of it."""
        if number >= reads // 2:
            await asyncio.sleep(0)
        began_after = withdrawn.is_set()
        return began_after, type(await hub.read(delivery, "jt-sydost"))

    async def withdraw() -> None:
        body = events.withdrawal(consent_id, at=hub.clock.now())
        assert isinstance(await office.send(hub, "consent.withdrawn", "sd-farsta", body), Accepted)
        withdrawn.set()

    half = [asyncio.create_task(read(number)) for number in range(reads // 2)]
    withdrawing = asyncio.create_task(withdraw())
    rest = [asyncio.create_task(read(number)) for number in range(reads // 2, reads)]
    answers = await asyncio.gather(*half, *rest)
    await withdrawing
    answers += await asyncio.gather(*(read(reads) for _ in range(20)))

    outcomes = Counter(answers)
    assert outcomes[(True, Opened)] == 0
    assert outcomes[(True, Gone)] >= 20
    entries = [json.loads(row.entry) for row in hub.reader.list_audit(AuditQuery(limit=5000))]
    order = [entry["action"] for entry in entries if entry["action"] in (DISCLOSED, WITHDRAWN)]
    assert order.count(WITHDRAWN) == 1
    assert DISCLOSED not in order[order.index(WITHDRAWN) :]
    assert order.count(DISCLOSED) == sum(many for (_, kind), many in outcomes.items() if kind is Opened)
    await hub.close()
