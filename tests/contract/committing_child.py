"""A process to be killed: commits group after group, says which are on disk, and then stands in the middle of one.

`python -m tests.contract.committing_child <technology> <place>`
"""

from __future__ import annotations

import asyncio
import sys

from tests.contract import stored, technologies


async def main(name: str, place: str) -> None:
    store = technologies.STORES[name](place).open()
    for number in range(20):
        await stored.keep(store, stored.sent(message_id=f"kept-{number}")[0])
        sys.stdout.write(f"kept-{number}\n")
        sys.stdout.flush()
    store.begin().write(stored.sent(message_id="never committed")[0])
    sys.stdout.write("in the middle\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
