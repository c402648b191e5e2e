"""`make faults-selftest`: with each planted bug the rows that are there to find it must be red."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.faults import bugs

# Which rows are to find which bug.
ROWS = {
    "ack_before_commit": "row_1_",
    "no_inbox_key": "row_2 and after_the_commit",
    "audit_outside_the_transaction": "row_1_",
    "only_exceptions_are_caught": "row_7",
    "no_delivery_limit": "row_12",
    "outbox_ends_with_the_confirm": "row_11",
    "seals_are_not_checked": "row_16",
    "synchronous_normal": "row_15",
    "checkpoint_before_the_sync": "row_2 and between_tile",
    "consent_cached": "row_18",
    "one_message_id": "row_11 and never",
    "returns_are_not_raised": "row_11 and never",
}


def is_caught(bug: str) -> bool:
    environ = os.environ | {bugs.VARIABLE: bug}
    call = [sys.executable, "-m", "pytest", "tests/faults", "-q", "-x", "-m", "faults", "-k", ROWS[bug], "--tb=no"]
    done = subprocess.run(call, env=environ, capture_output=True, text=True)
    return done.returncode == 1


def main(names: list[str]) -> int:
    missed = []
    for bug in names or list(bugs.BUGS):
        caught = is_caught(bug)
        print(f"{bug}: {'caught' if caught else 'NOT CAUGHT'} by {ROWS[bug]}", flush=True)  # noqa: T201
        if not caught:
            missed.append(bug)
    return len(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
