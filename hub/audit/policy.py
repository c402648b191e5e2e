"""Whose signatures make a checkpoint believable: logs, witnesses, groups and the quorum (C2SP tlog-policy). Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from hub.audit.notes import Kind, NoteWrong, Verifier

NONE: Final = "none"
_MOST_LINES: Final = 1000


class PolicyWrong(Exception):
    """The file is no policy. The text names the line."""


@dataclass(frozen=True, slots=True)
class NamedWitness:
    """One witness. `url` is its submission prefix, None where nobody here asks it."""

    name: str
    verifier: Verifier
    url: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """`groups`: name -> how many of which members; a member is a witness or an earlier group."""

    logs: tuple[Verifier, ...]
    witnesses: tuple[NamedWitness, ...]
    groups: Mapping[str, tuple[int, tuple[str, ...]]]
    quorum: str

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        return (*self.logs, *(witness.verifier for witness in self.witnesses))

    def is_met_by(self, seen: Collection[Verifier]) -> bool:
        """Whether these have witnessed enough; that a log has signed is checked apart."""
        if self.quorum == NONE:
            return True
        signed = {witness.name for witness in self.witnesses if witness.verifier in seen}
        for name, (least, members) in self.groups.items():  # each names only what stands before it
            if len(signed & set(members)) >= least:
                signed.add(name)
        return self.quorum in signed


def parse(text: str) -> Policy:
    """Raises `PolicyWrong`."""
    reading = _Reading()
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        raise PolicyWrong("the policy is too long")
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if words and not words[0].startswith("#"):
            try:
                reading.take(words)
            except (PolicyWrong, NoteWrong) as wrong:
                raise PolicyWrong(f"line {number}: {wrong}") from None
    return reading.finish()


class _Reading:
    def __init__(self) -> None:
        self.logs: list[Verifier] = []
        self.witnesses: list[NamedWitness] = []
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.names: set[str] = set()
        self.grouped: set[str] = set()
        self.quorum: str | None = None

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self.logs.append(self._key(vkey, Kind.ED25519, [log.public for log in self.logs]))
            case ["witness", name, vkey]:
                self._witness(name, vkey, None)
            case ["witness", name, vkey, url]:
                self._witness(name, vkey, url.rstrip("/"))
            case ["group", name, least, *members] if members:
                self._group(name, least, members)
            case ["quorum", name] if self.quorum is None and (name == NONE or name in self.names):
                self.quorum = name
            case _:
                raise PolicyWrong("it is none of log, witness, group and quorum as they are written")

    def finish(self) -> Policy:
        if self.quorum is None:
            raise PolicyWrong("there is no quorum line")
        return Policy(tuple(self.logs), tuple(self.witnesses), self.groups, self.quorum)

    def _key(self, vkey: str, kind: Kind, others: list[bytes]) -> Verifier:
        verifier = Verifier.parse(vkey)
        if verifier.kind is not kind:
            raise PolicyWrong("the key is of another kind")
        if verifier.public in others:
            raise PolicyWrong("the key stands there already")
        return verifier

    def _witness(self, name: str, vkey: str, url: str | None) -> None:
        self._name(name)
        others = [witness.verifier.public for witness in self.witnesses]
        self.witnesses.append(NamedWitness(name, self._key(vkey, Kind.COSIGNATURE, others), url))

    def _group(self, name: str, least: str, members: list[str]) -> None:
        known, once = self.names.issuperset(members), len(set(members)) == len(members)
        if not known or not once or self.grouped & set(members):
            raise PolicyWrong("a member is not known yet, or is a member already")
        count = {"any": 1, "all": len(members)}.get(least) or (int(least) if least.isascii() and least.isdigit() else 0)
        if not 1 <= count <= len(members):
            raise PolicyWrong("the group asks for more members than it has, or for none")
        self._name(name)
        self.grouped.update(members)
        self.groups[name] = (count, tuple(members))

    def _name(self, name: str) -> None:
        if name == NONE or name in self.names:
            raise PolicyWrong("the name is taken")
        self.names.add(name)
