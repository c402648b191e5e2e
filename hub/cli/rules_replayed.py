"""`samverkan rules diff --replay`: what a change of the rules would have changed, over stored past messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from hub.cli import looking, terminal

if TYPE_CHECKING:
    from collections import Counter

    from hub.identity.reasons import Reason
    from hub.replay.replaying import Changed, Outcome, Replay
    from hub.settings import Settings
    from routing.rulebook import Rulebook

SECONDS: Final = 5.0


def replay(settings: Settings, before: Rulebook, after: Rulebook, reason: Reason, *, json: bool) -> dict[str, Any]:
    """Shows every decision that changes, unless it is to be told as JSON; what was found, as JSON."""
    from hub import bootstrap_replay

    found = []
    note = looking.look("rules_replay", reason, {"old": before.digest, "new": after.digest})
    with bootstrap_replay.open_replay(settings, before, after) as work:
        looking.leave(settings, note)
        for changed in work.run(_teller()):
            found.append(_as_json(changed))
            if not json:
                _show(changed)
        counts = _counts(work, found)
    if not json:
        terminal.note(_sentence(counts))
    return {"decisions": found, "counts": counts}


def _teller() -> Callable[[int, int], None]:
    """Says every few seconds how far it is, on standard error."""
    told = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() - told >= SECONDS:
            told = time.monotonic()
            terminal.note(f"{done} of {of} messages, {100 * done // max(of, 1)} %")

    return tell


def _show(changed: Changed) -> None:
    opened = changed.after.verdict in ("deliver", "redact") and changed.before.verdict not in ("deliver", "redact")
    head = f"{changed.message_id} {changed.type} -> {changed.recipient}"
    told = f"{_outcome(changed.before)} => {_outcome(changed.after)}"
    terminal.say(f"{head}: {told}", "yellow" if opened else "cyan")
    before, after = set(changed.before.withheld), set(changed.after.withheld)
    for sign, pointers in (("+", before - after), ("-", after - before)):
        for pointer in sorted(pointers):
            terminal.say(f"  {sign} {pointer}")


def _outcome(outcome: Outcome) -> str:
    return " ".join(part for part in (outcome.verdict, outcome.code, outcome.rule) if part)


def _as_json(changed: Changed) -> dict[str, Any]:
    return {
        "message": changed.message_id,
        "type": changed.type,
        "recipient": changed.recipient,
        "judged": changed.judged.value,
        "before": _outcome_as_json(changed.before),
        "after": _outcome_as_json(changed.after),
    }


def _outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "verdict": outcome.verdict,
        "code": outcome.code,
        "rule": outcome.rule or None,
        "withheld": list(outcome.withheld),
    }


def _counts(work: Replay, found: list[dict[str, Any]]) -> dict[str, int]:
    from hub.replay.replaying import Judged

    judged: Counter[Judged] = work.counts
    return {
        "messages": sum(judged.values()),
        **{each.value: judged[each] for each in Judged},
        "changed_messages": len({row["message"] for row in found}),
        "changed_decisions": len(found),
    }


def _sentence(counts: dict[str, int]) -> str:
    return (
        f"{counts['messages']} messages: {counts['whole']} judged whole, {counts['copies']} by their copies only, "
        f"{counts['erased']} without a body, {counts['own']} of the hub's own. "
        f"{counts['changed_decisions']} decisions on {counts['changed_messages']} messages change."
    )
