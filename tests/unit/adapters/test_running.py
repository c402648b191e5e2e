"""Both directions side by side."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console

from adapters.filedrop import lock, running, terminal
from adapters.filedrop.stopping import Backoff, Stop
from adapters.filedrop.tally import Done, Tally
from hub.client.errors import HubUnavailable
from tests.unit.adapters.box import Box, shorthand
from tests.unit.adapters.fake_hub import delivery, delivery_id


class Tokens:
    """Counts how often the token was thought no good."""

    def __init__(self) -> None:
        self.forgotten = 0

    async def __call__(self) -> str:
        return "token"

    def forget(self) -> None:
        self.forgotten += 1


class Unpausing(Stop):
    """Waits for nothing, remembers how long it should have, and stops after `most` waits."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self._most = most

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) >= self._most:
            self.ask()
        await asyncio.sleep(0)


async def test_sends_and_receives_until_the_stop(box: Box) -> None:
    stop = Unpausing(1000)
    box.put("a.json", shorthand())
    box.hub.deliveries = [delivery(1)]

    def ask_when_both_are_done(_name: str) -> None:
        # The two directions run side by side: either may be the last.
        if box.hub.accepted and box.hub.acked:
            stop.ask()

    box.hub.step = ask_when_both_are_done
    outgoing, incoming, tally = box.start()
    await running.follow(outgoing, incoming, Tokens(), stop, 2.0)
    assert len(box.hub.accepted) == 1
    assert box.hub.acked == {delivery_id(1)}
    assert set(stop.pauses) <= {2.0}
    assert tally.summary() == "sent 1 · refused 0 · bad 0 · handled 0 · received 1 · gone 0 · waiting 0"


async def test_backs_off_while_the_hub_is_away_and_asks_for_a_new_token(box: Box) -> None:
    stop, tokens = Unpausing(12), Tokens()
    box.put("a.json", shorthand())
    box.hub.verdicts = {"send": HubUnavailable("503"), "inbox": HubUnavailable("503")}
    outgoing, incoming, _ = box.start()
    await running.follow(outgoing, incoming, tokens, stop, 0.1)
    assert max(stop.pauses) > 10
    assert max(stop.pauses) <= 60
    assert tokens.forgotten >= 11
    assert box.names("in") == ["a.json"]


async def test_an_unforeseen_fault_in_one_direction_ends_both(box: Box) -> None:
    box.put("a.json", shorthand())
    box.hub.verdicts["send"] = ZeroDivisionError()
    outgoing, incoming, _ = box.start()
    with pytest.raises(ZeroDivisionError):
        await running.follow(outgoing, incoming, Tokens(), Stop(), 0.1)


async def test_a_stop_ends_a_pause() -> None:
    stop = Stop()
    pause = asyncio.create_task(stop.pause(3600))
    await asyncio.sleep(0)
    stop.ask()
    await pause


async def test_a_stop_ends_work_without_effect() -> None:
    stop = Stop()
    asyncio.get_running_loop().call_soon(stop.ask)
    assert await stop.unless(asyncio.sleep(3600, "done")) is None


async def test_a_fault_of_the_work_is_the_callers() -> None:
    async def fail() -> None:
        raise HubUnavailable("503")

    with pytest.raises(HubUnavailable):
        await Stop().unless(fail())


def test_waits_grow_and_begin_anew_after_a_success() -> None:
    backoff = Backoff()
    waits = [backoff.next_seconds() for _ in range(10)]
    assert waits[0] <= 1.0 < waits[3] < waits[9] <= 60.0
    backoff.reset()
    assert backoff.next_seconds() <= 1.0


def test_two_adapters_never_share_a_state_folder(box: Box) -> None:
    with lock.hold(box.state), pytest.raises(lock.Locked), lock.hold(box.state):
        raise AssertionError("both hold it")
    with lock.hold(box.state):
        pass


def show(console: Console) -> None:
    with terminal.open_terminal(console) as showing:
        tally = Tally(showing)
        tally.note_waiting(3)
        tally.note(Done.SENT, "sent [bold]1234[/bold]")
        tally.note(Done.BAD, "bad file abc: NOT_JSON")


def test_prints_plain_lines_where_nobody_watches() -> None:
    written = io.StringIO()
    show(Console(file=written, width=20))
    assert written.getvalue().splitlines() == ["sent [bold]1234[/bold]", "bad file abc: NOT_JSON"]


def test_shows_numbers_and_the_last_line_on_a_terminal() -> None:
    written = io.StringIO()
    show(Console(file=written, force_terminal=True, width=100, _environ={"TERM": "xterm"}))
    last = written.getvalue().rpartition("received")[2]
    assert "waiting" in last
    assert "bad file abc: NOT_JSON" in last
