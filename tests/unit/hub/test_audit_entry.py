import functools
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from hub.audit import entry, merkle
from hub.audit.entry import LEFT_OUT, AuditAction

AT = datetime(2026, 2, 2, 9, 0, 0, 123456, tzinfo=UTC)
CASE = "0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11"
SALT = "5a" * 16
MESSAGE = "7d7c6b5a-1f2e-4d3c-8b9a-001122334455"
ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs/reference/audit-events.md"
RECIPIENT = {
    "unit": "jt-sydost",
    "verdict": "redact",
    "code": None,
    "rule": "referral.submitted/jt",
    "basis": {"code": "CONSENT", "consent": MESSAGE, "version": 1},
    "withheld": ["/content/note", "/content/items/0/~1x"],
    "delivery": CASE.replace("0", "f"),
    "categories": ["CO", "ID"],
}


def build(index=7, at=AT, action=AuditAction.MESSAGE_ACCEPTED, actor="sd-farsta", **changes):
    return entry.build(index, at, action, actor, **{"salt": SALT} | changes)


def told(**changes):
    return json.loads(build(**changes).entry)


def test_the_entry_names_what_happened_to_which_message():
    found = told(type="referral.submitted", message_id=MESSAGE, unit="jt-sydost", code="NO_BASIS")
    assert found == {
        "seq": 7,
        "t": "2026-02-02T09:00:00.123Z",
        "action": "message_accepted",
        "actor": "sd-farsta",
        "unit": "jt-sydost",
        "type": "referral.submitted",
        "message": MESSAGE,
        "code": "NO_BASIS",
        "salt": SALT,
    }


def test_whoever_knows_all_else_cannot_tell_the_leaf():
    one, other = build(salt=""), build(salt="")
    assert one.leaf != other.leaf
    assert re.fullmatch("[0-9a-f]{32}", json.loads(one.entry)["salt"])


def test_the_row_has_the_same_for_looking_things_up():
    row = build(type="referral.submitted", message_id=MESSAGE, case_id=CASE, unit="jt-sydost", code="NO_BASIS")
    assert (row.index, row.at, row.action, row.actor) == (7, AT, "message_accepted", "sd-farsta")
    assert (row.unit, row.type, row.message_id) == ("jt-sydost", "referral.submitted", MESSAGE)
    assert (row.case_id, row.code) == (CASE, "NO_BASIS")


def test_details_stand_beside_the_entrys_own_names():
    detail = {
        "case_ref": "a" * 32,
        "payload": "b" * 32,
        "rulebook": "sha256:" + "c" * 64,
        "recipients": [RECIPIENT],
    }
    found = told(detail=detail)
    assert {name: found[name] for name in detail} == detail


def test_the_entry_is_canonical_json():
    row = build(detail={"version": "1.0", "recipients": [RECIPIENT], "counts": {"b": 2, "a": -1}, "done": True})
    canonical = json.dumps(json.loads(row.entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert row.entry == canonical.encode()
    assert row.entry.isascii()


def test_the_order_of_details_does_not_count():
    one = build(detail={"payload": "b" * 32, "version": "1.0"})
    assert one.entry == build(detail={"version": "1.0", "payload": "b" * 32}).entry


def test_the_leaf_is_that_of_rfc_6962():
    row = build()
    assert row.leaf == hashlib.sha256(b"\x00" + row.entry).digest()
    # The RFC's own vector: the leaf of an empty entry.
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_one_changed_letter_changes_the_leaf():
    assert build(actor="sd-farsta").leaf != build(actor="sd-farstb").leaf
    assert build(index=7).leaf != build(index=8).leaf


def test_times_are_utc_milliseconds_whatever_the_zone():
    stockholm = AT.astimezone(timezone(timedelta(hours=1)))
    assert build(at=stockholm).entry == build().entry
    assert told(at=AT.replace(microsecond=0))["t"] == "2026-02-02T09:00:00.000Z"


def test_the_case_is_never_named_only_committed_to():
    assert CASE not in build(case_id=CASE, detail={"case_ref": "a" * 32}).entry.decode()


def test_a_sender_that_uses_the_case_id_as_its_own_gets_it_left_out():
    row = build(case_id=CASE, message_id=CASE, detail={"basis": {"consent": CASE}, "faults": [[f"/x/{CASE}", "y"]]})
    found = json.loads(row.entry)
    assert CASE not in row.entry.decode()
    assert (found["message"], found["basis"]) == (LEFT_OUT, {"consent": LEFT_OUT})
    assert row.leaf == merkle.leaf_hash(row.entry)
    assert row.message_id == CASE


@pytest.mark.parametrize("count", [1_000, 50_000])
def test_a_sender_that_makes_too_many_faults_gets_its_list_cut(count):
    faults = [["/data/content/items/0/" + "x" * 150, "maxLength"]] * count
    row = build(action=AuditAction.MESSAGE_REFUSED, code="SCHEMA_INVALID", detail={"faults": faults, "rule": "schema"})
    found = json.loads(row.entry)
    assert len(row.entry) <= entry.LARGEST_ENTRY
    assert (found["code"], found["rule"]) == ("SCHEMA_INVALID", "schema")
    assert found["faults"][0] == faults[0]
    assert found["faults"][-1] == {"left_out": count - 100}


def test_however_long_the_lists_an_entry_fits():
    rows = [{"unit": "jt-sydost", "withheld": ["/content/" + "x" * 200] * 500} for _ in range(50)]
    row = build(detail={"recipients": rows, "payload": "b" * 32})
    assert len(row.entry) <= entry.LARGEST_ENTRY
    assert json.loads(row.entry)["payload"] == "b" * 32


@pytest.mark.parametrize(
    "text",
    [
        "Asta Provberg",
        "Provström",
        "behöver korta pass",
        "199001012385",
        "19900101-2385",
        "900101-2385",
        "/content/199001012385",
        "a\nb",
        "\x1b[31m",
        "\ud800",
        "x" * 300,
        'a"b',
    ],
)
@pytest.mark.parametrize("place", ["detail", "nested", "list", "type", "actor"])
def test_a_text_that_is_no_name_is_left_out(text, place):
    match place:
        case "detail":
            row = build(detail={"rule": text})
        case "nested":
            row = build(detail={"basis": {"code": text}})
        case "list":
            row = build(detail={"faults": [["/data", text]]})
        case "type":
            row = build(type=text)
        case _:
            row = build(actor=text)
    assert LEFT_OUT.encode() in row.entry
    assert text not in (row.actor, row.type)
    assert text.encode("utf-8", "surrogatepass") not in row.entry


@pytest.mark.parametrize(
    "text",
    [
        "sd-farsta",
        "referral.submitted/jt",
        "/content/items/0/~1x",
        "/content/*/note",
        "SCHEMA_INVALID",
        "sha256:" + "0123456789abcdef" * 4,
        "19900101-2385-4385-8385-199001012385",
        "1990010123851990" * 2,
        "",
    ],
)
def test_names_ids_paths_and_digests_stay(text):
    assert told(detail={"rule": text})["rule"] == text


def test_a_number_that_could_be_a_persons_is_left_out():
    assert told(detail={"count": 199001012385})["count"] == LEFT_OUT
    assert told(detail={"count": 123456})["count"] == 123456


@pytest.mark.parametrize(
    "detail",
    [
        {"seq": 1},
        {"actor": "x"},
        {"message": "x"},
        {"Rule": "x"},
        {"Asta Provberg": 1},
        {"basis": {"199001012385": 1}},
        {"share": 0.5},
        {"share": float("nan")},
        {"big": 2**53},
        {"body": b"bytes"},
        {"at": AT},
        {"deep": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}},
        {"deep": [[[[[[[[1]]]]]]]]},
    ],
)
def test_refuses_details_that_have_no_place_in_an_entry(detail):
    with pytest.raises(ValueError):
        build(detail=detail)


def test_the_document_explains_exactly_the_actions():
    rows = re.findall(
        r"^\| `([a-z0-9_]+)` \| ([^|]+) \| ([^|]+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [action for action, _, _ in rows] == [action.value for action in AuditAction]
    assert all(len(meaning) > 20 for _, _, meaning in rows)


# What reads or lists actions and writes none of them.
READERS = frozenset({"audit/entry.py", "audit/noting.py", "audit/proving.py", "audit/fhir.py", "extract/composing.py"})
# Tests that go through all actions, whatever those are.
LISTS = frozenset({"unit/hub/test_audit_entry.py", "unit/hub/audit/test_fhir.py"})


@functools.cache
def words_of(folder, pattern, *, without):
    """Every name and every quoted word of these files: they are read once, not once for every action."""
    paths = [path for path in folder.rglob(pattern) if str(path.relative_to(folder)) not in without]
    assert len(paths) > 50
    texts = [path.read_text(encoding="utf-8") for path in paths]
    return {word for text in texts for word in re.findall(r"\bAuditAction\.\w+|\"\w+\"", text)}


@pytest.mark.parametrize("action", AuditAction)
def test_every_action_is_written_by_some_part_of_the_hub(action):
    assert f"AuditAction.{action.name}" in words_of(ROOT / "hub", "*.py", without=READERS)


@pytest.mark.parametrize("action", AuditAction)
def test_every_action_is_looked_for_in_the_log_by_some_test(action):
    words = words_of(ROOT / "tests", "test_*.py", without=LISTS)
    assert f"AuditAction.{action.name}" in words or f'"{action.value}"' in words
