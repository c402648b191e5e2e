"""What happens to files that a case system lays into the folder."""

from __future__ import annotations

import errno
import json
import os
import stat
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.filedrop import folder, journal
from adapters.filedrop.outgoing import PASSES_IN_ORDER
from adapters.filedrop.stopping import Stop
from adapters.filedrop.tokens import TokenUnavailable
from hub.client.answers import Problem
from hub.client.errors import HubUnavailable, NotAuthenticated
from tests.unit.adapters.box import Box, shorthand
from tests.unit.adapters.fake_hub import CASE, delivery_id, refused

NUMBER = "199001012385"


def test_sends_a_shorthand_as_a_whole_event(box: Box) -> None:
    box.put("a.json", shorthand(in_reply_to="22222222-2222-4333-8444-555555555555"))
    assert box.run()
    (event,) = box.hub.accepted
    assert event["type"] == "se.samverkan.plan.proposed"
    assert event["source"] == "/units/sd-farsta"
    assert event["subject"] == CASE
    assert event["causationid"] == "22222222-2222-4333-8444-555555555555"
    assert uuid.UUID(event["id"]).version == 4
    assert event["time"].endswith("Z")


def test_sends_a_full_event_with_its_own_id(box: Box) -> None:
    own = "33333333-2222-4333-8444-555555555555"
    event = {
        "specversion": "1.0",
        "id": own,
        "source": "/units/sd-farsta",
        "type": "se.samverkan.plan.proposed",
        "time": "2026-03-02T10:00:00+01:00",
        "data": {},
    }
    box.put("a.json", event)
    assert box.run()
    assert box.hub.accepted == [event | {"datacontenttype": "application/json"}]


def test_files_message_and_receipt_under_sent(box: Box) -> None:
    box.put("a.json", shorthand())
    assert box.run()
    assert box.names("in") == []
    assert box.names("in/sent") == ["a.json", "a.receipt.json"]
    assert box.read("in/sent/a.json") == shorthand()
    assert box.read("in/sent/a.receipt.json")["id"] == box.hub.accepted[0]["id"]
    assert box.names("state/outgoing") == []


def test_files_a_refused_message_with_the_hubs_problem(box: Box) -> None:
    box.put("a.json", shorthand("no"))
    box.put("b.json", shorthand("yes"), second=1)
    box.hub.verdicts["send no"] = refused(403, "NO_BASIS", "Grund saknas")
    assert not box.run()
    assert box.names("in/refused") == ["a.json", "a.problem.json"]
    assert box.read("in/refused/a.problem.json")["title"] == "Grund saknas"
    assert box.names("in/sent") == ["b.json", "b.receipt.json"]


def test_takes_files_in_the_order_in_which_they_were_written_then_by_name(box: Box) -> None:
    box.put("a.json", shorthand("third"), second=9)
    box.put("c.json", shorthand("second"), second=5)
    box.put("b.json", shorthand("first"), second=5)
    assert box.run()
    assert [event["data"]["words"] for event in box.hub.accepted] == ["first", "second", "third"]


def test_leaves_drafts_and_dot_files_alone(box: Box) -> None:
    for name in ("a.json.tmp", ".a.json", "a.txt"):
        (box.watched / name).write_text("{}", encoding="utf-8")
    assert box.run()
    assert box.names("in") == [".a.json", "a.json.tmp", "a.txt"]


BAD_FILES = {
    "not json": (b'{"type": ', "NOT_JSON", ""),
    "the same key twice": (b'{"type": "a", "type": "b"}', "NOT_JSON", ""),
    "not an object": (b"[]", "NOT_AN_EVENT", ""),
    "no data": (json.dumps({"type": "plan.proposed"}).encode(), "NOT_AN_EVENT", "/data"),
    "subject no id": (json.dumps(shorthand(subject=NUMBER)).encode(), "NOT_AN_EVENT", "/subject"),
    "unknown word": (json.dumps(shorthand(person=NUMBER)).encode(), "NOT_AN_EVENT", ""),
    "wrong reply": (json.dumps(shorthand(in_reply_to=NUMBER)).encode(), "NOT_AN_EVENT", "/in_reply_to"),
    "reply twice": (
        json.dumps(shorthand(in_reply_to=CASE, causationid=CASE)).encode(),
        "NOT_AN_EVENT",
        "/in_reply_to",
    ),
}


@pytest.mark.parametrize(("raw", "code", "pointer"), BAD_FILES.values(), ids=BAD_FILES)
def test_lays_a_bad_file_aside_with_its_fault(box: Box, raw: bytes, code: str, pointer: str) -> None:
    box.put(f"{NUMBER}.json", raw)
    box.put("b.json", shorthand(), second=1)
    assert not box.run()
    assert box.names("in") == []
    problem = box.read(f"in/bad/{NUMBER}.problem.json")
    assert (problem["code"], problem["errors"][0]["pointer"]) == (code, pointer)
    assert NUMBER not in json.dumps(problem)
    assert (box.root / f"in/bad/{NUMBER}.json").read_bytes() == raw
    assert len(box.hub.accepted) == 1


def test_lays_aside_what_is_no_file(box: Box) -> None:
    secret = box.root / "secret"
    secret.write_text(json.dumps(shorthand()), encoding="utf-8")
    (box.watched / "link.json").symlink_to(secret)
    (box.watched / "folder.json").mkdir()
    os.mkfifo(box.watched / "pipe.json")
    assert not box.run()
    assert box.names("in") == []
    for name in ("link", "folder", "pipe"):
        assert box.read(f"in/bad/{name}.problem.json")["code"] == "NOT_A_FILE"
    assert box.hub.calls == ["inbox"]


def test_lays_aside_what_is_too_large(box: Box) -> None:
    box.put("a.json", b" " * (folder.LARGEST_FILE + 1))
    assert not box.run()
    assert box.read("in/bad/a.problem.json")["code"] == "TOO_LARGE"


def test_lays_aside_what_may_not_be_read(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("a.json", shorthand())
    whole = os.open

    def refusing(path: Path, flags: int, mode: int = 0o777) -> int:
        if str(path).endswith("in/a.json"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return whole(path, flags, mode)

    monkeypatch.setattr(os, "open", refusing)
    assert not box.run()
    assert box.read("in/bad/a.problem.json")["code"] == "NOT_READABLE"


@pytest.mark.parametrize(
    "fault",
    [
        HubUnavailable("503"),
        HubUnavailable("ClientConnectorError"),
        NotAuthenticated(Problem(status=401)),
        TokenUnavailable("the token file cannot be read"),
        refused(404, None),
    ],
    ids=["busy", "unreachable", "token ended", "no token", "another server"],
)
def test_leaves_everything_when_the_hub_cannot_take_it_now(box: Box, fault: Exception) -> None:
    box.put("a.json", shorthand("one"))
    box.put("b.json", shorthand("two"), second=1)
    box.hub.verdicts["send"] = [fault]
    assert not box.run()
    assert box.names("in") == ["a.json", "b.json"]
    assert any("waiting, nothing is lost" in line for line in box.lines)
    assert box.run()
    assert [event["data"]["words"] for event in box.hub.accepted] == ["one", "two"]


def test_keeps_the_id_over_every_attempt(box: Box) -> None:
    ids: list[str] = []
    box.put("a.json", shorthand())
    box.hub.verdicts["send"] = [HubUnavailable("503"), HubUnavailable("503")]
    for _ in range(2):
        box.run()
        ids += [json.loads(path.read_bytes())["event"]["id"] for path in (box.state / "outgoing").iterdir()]
    assert box.run()
    assert ids == [box.hub.accepted[0]["id"]] * 2


async def test_one_message_that_the_hub_stumbles_over_holds_up_the_others_not_for_long(box: Box) -> None:
    other = "99999999-2222-4333-8444-555555555555"
    box.put("a.json", shorthand("stumbling"))
    box.put("b.json", shorthand("behind it"), second=1)
    box.put("c.json", shorthand("another case", subject=other), second=2)
    box.hub.verdicts["send stumbling"] = HubUnavailable("500")
    outgoing, _, _ = box.start()
    for _ in range(PASSES_IN_ORDER - 1):
        assert not await outgoing.send_waiting(Stop())
        assert box.hub.accepted == []
    assert not await outgoing.send_waiting(Stop())
    assert [event["data"]["words"] for event in box.hub.accepted] == ["another case"]
    assert box.names("in") == ["a.json", "b.json"]


def test_the_same_name_and_content_again_is_a_second_message(box: Box) -> None:
    for _ in range(3):
        box.put("a.json", shorthand())
        assert box.run()
    assert len({event["id"] for event in box.hub.accepted}) == 3
    assert len(box.names("in/sent")) == 6


def test_a_file_replaced_while_the_hub_is_asked_is_sent_too(box: Box) -> None:
    box.put("a.json", shorthand("old"))

    def replace(name: str) -> None:
        if name == "send answered" and len(box.hub.accepted) == 1:
            box.put("a.json", shorthand("new"), second=7)

    box.hub.step = replace
    assert box.run()
    assert box.names("in") == ["a.json"]
    assert box.run()
    assert [event["data"]["words"] for event in box.hub.accepted] == ["old", "new"]
    assert box.names("in") == []
    receipts = [name for name in box.names("in/sent") if name.endswith(".receipt.json")]
    assert len(receipts) == 2


def test_a_file_taken_away_and_put_back_before_an_answer_is_one_message(box: Box) -> None:
    path = box.put("a.json", shorthand())

    def lose_the_answer(name: str) -> None:
        if name == "send answered":
            raise HubUnavailable("ServerDisconnectedError")

    box.hub.step = lose_the_answer
    assert not box.run()
    path.unlink()
    box.hub.step = lambda name: None
    assert box.run()
    box.put("a.json", shorthand())
    assert box.run()
    assert len(box.hub.accepted) == 1


def test_an_id_whose_file_is_long_gone_is_forgotten_with_its_body(box: Box) -> None:
    path = box.put("a.json", shorthand())
    box.hub.verdicts["send"] = HubUnavailable("503")
    box.run()
    (entry,) = (box.state / "outgoing").iterdir()
    written_at = datetime.fromtimestamp(entry.stat().st_mtime, UTC)
    later = written_at + journal.KEPT_WITHOUT_FILE * 1.01
    book = journal.Journal(box.state, "sd-farsta")
    book.forget_files_taken_away(box.watched, later)
    assert entry.exists()
    path.unlink()
    book.forget_files_taken_away(box.watched, written_at)
    assert entry.exists()
    book.forget_files_taken_away(box.watched, later)
    assert not entry.exists()


def test_a_damaged_journal_stops_instead_of_sending_twice(box: Box) -> None:
    box.put("a.json", shorthand())
    box.hub.verdicts["send"] = HubUnavailable("503")
    box.run()
    (entry,) = (box.state / "outgoing").iterdir()
    entry.write_bytes(entry.read_bytes()[:-9])
    with pytest.raises(journal.JournalDamaged):
        box.run()


def test_sends_nothing_while_the_journal_cannot_be_written(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("a.json", shorthand())
    box.start()

    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", f"/{NUMBER}")

    with monkeypatch.context() as patch:
        patch.setattr(folder, "write", full)
        assert not box.run()
    assert box.hub.accepted == []
    assert box.names("in") == ["a.json"]
    assert any("No space left on device" in line for line in box.lines)
    assert NUMBER not in "".join(box.lines)


def test_an_answered_message_that_cannot_be_moved_is_not_sent_again(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put("a.json", shorthand())

    def stuck(source: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    with monkeypatch.context() as patch:
        patch.setattr(folder, "move", stuck)
        assert not box.run()
        assert not box.run()
    assert box.hub.calls.count("send hej") == 1
    assert box.run()
    assert box.names("in/sent") == ["a.json", "a.receipt.json"]


def test_no_line_and_no_state_file_name_shows_a_files_name(box: Box) -> None:
    box.put(f"{NUMBER} Asta Provberg.json", shorthand("good"))
    box.put(f"{NUMBER} bad.json", b"{", second=1)
    box.put(f"{NUMBER} no.json", shorthand("no"), second=2)
    box.put(f"{NUMBER} wait.json", shorthand("wait"), second=3)
    box.hub.verdicts["send no"] = refused(403, "NO_BASIS")
    box.hub.verdicts["send wait"] = HubUnavailable("500")
    box.run()
    shown = "\n".join([*box.lines, *(str(path.relative_to(box.root)) for path in box.state.rglob("*"))])
    assert NUMBER not in shown
    assert "Asta" not in shown
    assert (box.watched / f"sent/{NUMBER} Asta Provberg.json").exists()
    tag = box.read(f"in/bad/{NUMBER} bad.problem.json")["instance"].rpartition(":")[2]
    assert tag in shown


def test_names_that_are_long_or_no_utf8_are_names(box: Box) -> None:
    (box.watched / ("å" * 125 + ".json")).write_text(json.dumps(shorthand("long")), encoding="utf-8")
    raw = os.fsencode(box.watched) + b"/\xff\xfe.json"
    Path(os.fsdecode(raw)).write_text(json.dumps(shorthand("bytes")), encoding="utf-8")
    assert box.run()
    assert {event["data"]["words"] for event in box.hub.accepted} == {"long", "bytes"}
    assert box.names("in") == []
    assert len(box.names("in/sent")) == 4


def test_files_are_the_owners_only(box: Box) -> None:
    previous = os.umask(0)
    try:
        box.put("a.json", b"{")
        box.put("b.json", shorthand())
        box.run()
    finally:
        os.umask(previous)
    ours = [*box.state.rglob("*"), *box.watched.rglob("*.receipt.json"), *box.watched.rglob("*.problem.json")]
    ours += [box.state, box.target, *(box.watched / place for place in ("sent", "refused", "bad"))]
    for path in ours:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_reports_what_came_of_a_delivery(box: Box) -> None:
    box.put(f"{delivery_id(4)}.handled.json", {"outcome": "needs_info", "note": "Vilken dag?"})
    assert box.run()
    assert box.hub.reports == {delivery_id(4): ["needs_info", "Vilken dag?"]}
    assert box.read(f"in/sent/{delivery_id(4)}.handled.receipt.json")["outcome"] == "needs_info"


def test_files_a_refused_report(box: Box) -> None:
    box.put(f"{delivery_id(4)}.handled.json", {"outcome": "handled"})
    assert box.run()
    box.put(f"{delivery_id(4)}.handled.json", {"outcome": "declined"})
    assert not box.run()
    assert box.read(f"in/refused/{delivery_id(4)}.handled.problem.json")["code"] == "ALREADY_ANSWERED"


@pytest.mark.parametrize(
    ("content", "code", "pointer"),
    [
        (b"{", "NOT_JSON", ""),
        ([], "NOT_AN_OUTCOME", ""),
        ({"outcome": "lost"}, "NOT_AN_OUTCOME", "/outcome"),
        ({"outcome": "handled", "note": 3}, "NOT_AN_OUTCOME", "/note"),
        ({"outcome": "handled", "person": NUMBER}, "NOT_AN_OUTCOME", ""),
    ],
)
def test_lays_a_bad_report_aside(box: Box, content: object, code: str, pointer: str) -> None:
    box.put(f"{delivery_id(4)}.handled.json", content)
    assert not box.run()
    problem = box.read(f"in/bad/{delivery_id(4)}.handled.problem.json")
    assert (problem["code"], problem["errors"][0]["pointer"]) == (code, pointer)


def test_a_report_waits_for_the_hub(box: Box) -> None:
    box.put(f"{delivery_id(4)}.handled.json", {"outcome": "handled"})
    box.hub.verdicts["handled"] = [HubUnavailable("503")]
    assert not box.run()
    assert box.names("in") == [f"{delivery_id(4)}.handled.json"]
    assert box.run()


async def test_a_stop_lets_the_file_under_way_finish_and_takes_no_other(box: Box) -> None:
    stop = Stop()
    box.put("a.json", shorthand("one"))
    box.put("b.json", shorthand("two"), second=1)
    box.hub.step = lambda name: stop.ask() if name == "send" else None
    outgoing, _, tally = box.start()
    assert not await outgoing.send_waiting(stop)
    assert box.names("in/sent") == ["a.json", "a.receipt.json"]
    assert box.names("in") == ["b.json"]
    assert tally.waiting == 1
