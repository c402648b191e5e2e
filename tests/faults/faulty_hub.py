"""The program with a bug or a death planted in it: `python -m tests.faults.faulty_hub serve ...`."""

from __future__ import annotations

from hub.cli.main import run
from tests.faults import bugs, clocks, crashes, disk


def main() -> None:
    bugs.seed()
    crashes.arm()
    clocks.install()
    disk.install()
    run()


if __name__ == "__main__":
    main()
