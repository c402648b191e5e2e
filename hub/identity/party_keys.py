"""Changes of agencies' credentials, and assertions taken: commands of a commit group, told in the log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from hub.audit.entry import AuditAction
from hub.ledger import Ledger
from hub.store.parties import PartyKey, once


@dataclass(frozen=True, slots=True)
class AddKey:
    """`actor` gives a unit another credential. With `overlap` it takes the place of the unit's others of its kind,
    which count for so long yet: time for the agency to change over without a gap."""

    actor: str
    key: PartyKey
    overlap: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """`actor` says that a credential counts no more, from now on."""

    actor: str
    unit_id: str
    key_id: str


@dataclass(frozen=True, slots=True)
class UseOnce:
    """Something that counts once (the `jti` of a proof, the nonce of a signature) is used by its owner."""

    purpose: str
    owner: str
    id: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class GrantToken:
    """A unit has proved itself by an assertion, which counts once. `binding` names what the token is bound to."""

    proven: UseOnce
    key_id: str
    scope: str
    binding: str | None
    proof: UseOnce | None = None


@dataclass(frozen=True, slots=True)
class RefuseToken:
    """Somebody asked for a unit's token and did not prove to be the unit."""

    unit_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class TryConnection:
    """A unit has proved itself at the page that examines connections. The assertion is used up and gives no token."""

    proven: UseOnce
    key_id: str


PartyCommand = AddKey | RevokeKey | UseOnce | GrantToken | RefuseToken | TryConnection
COMMANDS: Final[Collection[type]] = (AddKey, RevokeKey, UseOnce, GrantToken, RefuseToken, TryConnection)


class PartyKeeping:
    """The handler of all of them."""

    def prepare(self, ledger: Ledger, commands: Sequence[PartyCommand]) -> None:
        return None  # by key: each asks when its turn comes

    def handle(self, ledger: Ledger, command: PartyCommand) -> Any:
        match command:
            case AddKey():
                return self._add(ledger, command)
            case RevokeKey():
                return self._revoke(ledger, command)
            case UseOnce():
                return use(ledger, command)
            case GrantToken():
                return self._grant(ledger, command)
            case TryConnection():
                return self._try(ledger, command)
            case RefuseToken():
                ledger.audit(AuditAction.TOKEN_REFUSED, command.unit_id, detail={"reason": command.reason})
                return None

    def _add(self, ledger: Ledger, command: AddKey) -> PartyKey:
        """The key as stored. A key that was there before counts anew as told now."""
        key = command.key
        if command.overlap is not None:
            for other in _list_keys(ledger, key.unit_id):
                if other.kind is key.kind and other.key_id != key.key_id:
                    self._end(ledger, other, ledger.at + command.overlap)
        ledger.changes.party_keys.append(key)
        told = {"key": key.key_id, "kind": key.kind.value, "until": _told(key.ends_at)}
        ledger.audit(AuditAction.PARTY_KEY_ADDED, command.actor, unit=key.unit_id, detail=told)
        return key

    def _end(self, ledger: Ledger, key: PartyKey, ends_at: datetime) -> None:
        """Never later than it ends already."""
        if key.ends_at is None or key.ends_at > ends_at:
            ledger.changes.party_keys.append(replace(key, ends_at=ends_at))

    def _revoke(self, ledger: Ledger, command: RevokeKey) -> bool:
        key = next((each for each in _list_keys(ledger, command.unit_id) if each.key_id == command.key_id), None)
        if key is None or (key.ends_at is not None and key.ends_at <= ledger.at):
            return False
        ledger.changes.party_keys.append(replace(key, ends_at=ledger.at))
        told = {"key": key.key_id, "kind": key.kind.value}
        ledger.audit(AuditAction.PARTY_KEY_REVOKED, command.actor, unit=key.unit_id, detail=told)
        return True

    def _grant(self, ledger: Ledger, command: GrantToken) -> bool:
        """False when the assertion, or the proof that came with it, has been used before."""
        if not use(ledger, command.proven) or (command.proof is not None and not use(ledger, command.proof)):
            return False
        told = {"key": command.key_id, "scope": command.scope.split(" "), "binding": command.binding}
        ledger.audit(AuditAction.TOKEN_ISSUED, command.proven.owner, detail=told)
        return True

    def _try(self, ledger: Ledger, command: TryConnection) -> bool:
        """False when the assertion has been used before."""
        if not use(ledger, command.proven):
            return False
        ledger.audit(AuditAction.CONNECTION_TRIED, command.proven.owner, detail={"key": command.key_id})
        return True


def use(ledger: Ledger, command: UseOnce) -> bool:
    """Whether this was the first time, also among the commands of this very group."""
    used_id = once(command.purpose, command.owner, command.id)
    if used_id in ledger.changes.used_ids or ledger.group.find_used_ids([used_id]):
        return False
    ledger.changes.used_ids[used_id] = command.ends_at
    return True


def _list_keys(ledger: Ledger, unit_id: str) -> list[PartyKey]:
    """The unit's keys as this group has left them."""
    keys = {key.key_id: key for key in ledger.group.list_party_keys([unit_id])}
    keys.update({key.key_id: key for key in ledger.changes.party_keys if key.unit_id == unit_id})
    return list(keys.values())


def _told(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
