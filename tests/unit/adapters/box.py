"""One unit's adapter with its folders, over a fake hub."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.filedrop import running
from adapters.filedrop.incoming import Incoming
from adapters.filedrop.journal import Journal
from adapters.filedrop.outgoing import Outgoing
from adapters.filedrop.stopping import Stop
from adapters.filedrop.tally import Tally
from tests.unit.adapters.fake_hub import CASE, FakeHub


def shorthand(words: str = "hej", **changes: Any) -> dict[str, Any]:
    return {"type": "plan.proposed", "subject": CASE, "data": {"words": words}} | changes


@dataclass
class Box:
    """`root` holds everything; `lines` is what the terminal was told."""

    root: Path
    hub: FakeHub = field(init=False)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hub = FakeHub(self.root / "hub.jsonl")
        self.watched.mkdir(exist_ok=True)

    @property
    def watched(self) -> Path:
        return self.root / "in"

    @property
    def target(self) -> Path:
        return self.root / "out"

    @property
    def state(self) -> Path:
        return self.root / "state"

    def put(self, name: str, content: object, *, second: int = 0) -> Path:
        """Lays a file in by rename, as the case system does."""
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        draft = self.watched / f"{name}.tmp"
        draft.write_bytes(raw)
        os.utime(draft, ns=(second * 10**9, second * 10**9))
        return draft.rename(self.watched / name)

    def start(self) -> tuple[Outgoing, Incoming, Tally]:
        """The parts as a new process would build them."""
        tally = Tally(lambda _, line: self.lines.append(line) if line else None)
        journal = Journal(self.state, "sd-farsta")
        outgoing = Outgoing(self.hub, self.watched, journal, "sd-farsta", tally)
        return outgoing, Incoming(self.hub, self.target, journal, tally), tally

    def run(self) -> bool:
        """One process from start to end; whether it would exit with 0."""

        async def run_once() -> bool:
            outgoing, incoming, tally = self.start()
            return await running.run_once(outgoing, incoming, tally, Stop())

        return asyncio.run(run_once())

    def names(self, place: str) -> list[str]:
        """What lies in a folder, drafts and all."""
        folder = self.root / place
        return sorted(path.name for path in folder.iterdir() if path.name not in ("sent", "refused", "bad"))

    def read(self, place: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.root / place).read_bytes())
        return document
