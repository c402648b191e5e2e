"""What happens to deliveries on their way into the folder."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.filedrop import folder
from adapters.filedrop.stopping import Stop
from adapters.filedrop.tally import Done
from hub.client.errors import HubUnavailable
from tests.unit.adapters.box import Box
from tests.unit.adapters.fake_hub import delivery, delivery_id, refused


def name(number: int) -> str:
    return f"{number:08d}-plan.proposed-{delivery_id(number)}.json"


def test_writes_each_delivery_as_one_file_and_acknowledges_it(box: Box) -> None:
    box.hub.deliveries = [delivery(1), delivery(2, words="å"), delivery(3), delivery(4), delivery(5)]
    assert box.run()
    assert box.names("out") == [name(number) for number in range(1, 6)]
    assert box.read(f"out/{name(2)}")["data"] == {"content": {"words": "å"}}
    assert box.read(f"out/{name(2)}")["deliveryid"] == delivery_id(2)
    assert box.hub.acked == {delivery_id(number) for number in range(1, 6)}
    assert box.names("state/received") == []


def test_acknowledges_only_what_is_on_disk(box: Box) -> None:
    box.hub.deliveries = [delivery(1)]
    there: list[list[str]] = []
    box.hub.step = lambda step: there.append(box.names("out")) if step == "ack" else None
    assert box.run()
    assert there == [[name(1)]]


def test_writes_nothing_of_what_may_no_longer_be_disclosed(box: Box) -> None:
    box.hub.deliveries = [delivery(1), delivery(2)]
    box.hub.verdicts[f"fetch {delivery_id(1)}"] = refused(410, "CONSENT_WITHDRAWN")
    (box.root / "out").mkdir()
    (box.root / f"out/.{name(1)}.tmp").write_text("cut off", encoding="utf-8")
    assert box.run()
    assert box.names("out") == [name(2)]
    assert box.hub.acked == {delivery_id(1), delivery_id(2)}
    assert any(line.startswith("not disclosed any more") for line in box.lines)


def test_a_file_that_the_case_system_took_before_the_acknowledgement_is_not_written_again(box: Box) -> None:
    box.hub.deliveries = [delivery(1)]
    box.hub.verdicts["ack"] = [HubUnavailable("503")]
    assert not box.run()
    (box.root / "out" / name(1)).unlink()
    assert box.run()
    assert box.names("out") == []
    assert box.hub.acked == {delivery_id(1)}
    assert box.hub.calls.count(f"fetch {delivery_id(1)}") == 1


@pytest.mark.parametrize("fault", [HubUnavailable("500"), refused(404, "NOT_FOUND")], ids=["stumbles", "not ours"])
def test_one_delivery_that_cannot_be_had_does_not_hold_up_the_others(box: Box, fault: Exception) -> None:
    box.hub.deliveries = [delivery(number) for number in range(1, 6)]
    box.hub.verdicts[f"fetch {delivery_id(2)}"] = fault
    assert not box.run()
    assert box.names("out") == [name(number) for number in (1, 3, 4, 5)]
    assert delivery_id(2) not in box.hub.acked


@pytest.mark.parametrize("call", ["inbox", "fetch", "ack"])
def test_comes_back_when_the_hub_is_away(box: Box, call: str) -> None:
    box.hub.deliveries = [delivery(1), delivery(2)]
    box.hub.verdicts[call] = [HubUnavailable("503")]
    assert not box.run()
    assert box.run()
    assert box.names("out") == [name(1), name(2)]
    assert len(box.hub.acked) == 2


def test_a_full_disk_acknowledges_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.hub.deliveries = [delivery(1)]
    box.start()

    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(folder, "write", full)
        assert not box.run()
    assert box.hub.acked == set()
    assert box.run()
    assert box.names("out") == [name(1)]


def test_an_id_of_another_form_never_becomes_a_path(box: Box) -> None:
    box.hub.deliveries = [delivery(1).model_copy(update={"deliveryid": "../../evil"}), delivery(2)]
    assert not box.run()
    assert box.names("out") == [name(2)]
    assert "evil" not in "".join(box.lines)


async def test_a_stop_ends_the_listening_at_once(box: Box) -> None:
    stop = Stop()
    stop.ask()
    _, incoming, tally = box.start()
    assert not await incoming.receive_waiting(stop, timedelta(seconds=25))
    assert tally.counts[Done.RECEIVED] == 0


async def test_a_stop_lets_the_delivery_under_way_finish(box: Box) -> None:
    stop = Stop()
    box.hub.deliveries = [delivery(1), delivery(2)]
    box.hub.step = lambda step: stop.ask() if step == "fetch" else None
    _, incoming, _ = box.start()
    await incoming.receive_waiting(stop)
    assert box.names("out") == [name(1)]
    assert box.hub.acked == {delivery_id(1)}
