"""What deciding costs for each recipient with the full rulebook: medians, with one recipient and with five seats.

In one process, on schema-valid messages, with the case and the consents at hand: what `routing.decision.decide` costs.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from routing import decision as decisions
from routing.message import Message
from routing.situation import Situation
from tests.support import judging, persons

RUNS = 2_000


def cases() -> dict[str, tuple[Message, Situation]]:
    """What is decided: name -> message and what is known."""
    consent = judging.consent()
    everybody = ("sdn-farsta", "amn", "af", "fk", "rg")
    edges = [judging.edge(one, other) for one in everybody for other in everybody if one != other]
    finsam = judging.consent(*edges, purpose="finsam_joint_planning", person=persons.JONNA)
    team = judging.finsam_case("meeting-called")
    jobbtorg = judging.case("enrolled")
    seats = [{"team": "team-sydost", "seat": kind} for kind in ("sd", "jt", "af", "fk", "rg")]
    return {
        "referral.submitted, one recipient": (
            judging.message("referral.submitted"),
            judging.situation(consents=[consent]),
        ),
        "plan.proposed, one recipient": (
            judging.message("plan.proposed", subject=jobbtorg.case_id),
            judging.situation(case=jobbtorg, consents=[consent]),
        ),
        "finsam.joint-plan-recorded, five seats": (
            judging.message("finsam.joint-plan-recorded", subject=team.case_id, person=persons.JONNA, to=seats),
            judging.situation(case=team, consents=[finsam]),
        ),
    }


def main() -> None:
    table = Table("decision", "recipients", "µs, median", "µs per recipient", "outcome")
    for name, (message, situation) in cases().items():
        directory, rulebook = judging.directory(), judging.rules()
        decision = decisions.decide(message, situation, directory, rulebook)
        taken = []
        for _ in range(RUNS):
            started = time.perf_counter()
            decisions.decide(message, situation, directory, rulebook)
            taken.append((time.perf_counter() - started) * 1e6)
        median, count = statistics.median(taken), len(decision.rulings)
        told = "accepted" if decision.refusal is None else decision.refusal.code.value
        table.add_row(name, str(count), f"{median:.0f}", f"{median / max(count, 1):.0f}", told)
    Console().print(table)


if __name__ == "__main__":
    main()
