"""What goes wrong at the command line, as one sentence for the person there and an exit code.

2 is wrong use: the command, a setting or a name is not right. 1 is everything else that stops a command.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.telemetry import redaction

if TYPE_CHECKING:
    from routing.rule_files import RulesBroken

ANSWER_IS_NO = 1
WRONG_USE = 2


class WrongUse(Exception):
    """Asked in a way that has no answer. The text is one sentence that says what would have one."""


class Failed(Exception):
    """The command could not do its work. The text is one sentence with what to do."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ends that did not do its work: one line, and the exit code."""

    line: str
    code: int


def describe(error: Exception) -> Ending:
    """The ending for an error. An error that nobody expected is told by type and place, never by its text."""
    sentence, code = _sentence(error)
    # A line stays one line, and a number that someone typed in the wrong place is not repeated.
    return Ending(redaction.clean_text(sentence), code)


def _sentence(error: Exception) -> tuple[str, int]:
    # Imported here: a command that ends well needs none of them, and whoever raised one has loaded it.
    from hub.api.server import CannotListen
    from hub.audit.anchor import LogBroken
    from hub.audit.witness import WitnessInUse
    from hub.key_file import KeyLocked
    from hub.settings import SettingWrong
    from hub.store.port import StoreUnavailable
    from hub.transport.port import TransportUnavailable
    from hub.vault import VaultLocked
    from routing.rule_files import RulesBroken
    from schemas.bundle import BrokenSchema
    from schemas.tree import BrokenReference

    match error:
        case WrongUse() | SettingWrong():
            return str(error), WRONG_USE
        case Failed() | VaultLocked() | KeyLocked() | CannotListen() | LogBroken() | WitnessInUse():
            return str(error), ANSWER_IS_NO
        case StoreUnavailable():
            return _store_fault(str(error)), ANSWER_IS_NO
        case TransportUnavailable():
            return f"The broker cannot be used: {error}.", ANSWER_IS_NO
        case RulesBroken():
            return _broken_rules(error), ANSWER_IS_NO
        case BrokenSchema() | BrokenReference():
            return f"The schemas are broken: {error}.", ANSWER_IS_NO
        case OSError():
            return _system_fault(error), ANSWER_IS_NO
        case _:
            return _unexpected(error), ANSWER_IS_NO


def _store_fault(reason: str) -> str:
    sentence = f"The store cannot be used: {reason or 'it gave no reason'}."
    # The database's own code says what failed and not why; a full disk has several codes.
    if not reason or reason.startswith("the database failed"):
        return f"{sentence} `samverkan doctor` looks at disk, permissions and keys."
    return sentence


def _broken_rules(error: RulesBroken) -> str:
    first, *others = error.faults
    more = f" and {len(others)} more" if others else ""
    return f"The rules are broken: {first}{more}; `samverkan rules check` lists every fault."


def _system_fault(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the disk is full; make room and try again"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason = f"{reason}; run as the owner, or choose another place"
    return f"{error.filename or 'The system'}: {reason}."


def _unexpected(error: Exception) -> str:
    from hub.telemetry import logging

    told = logging.describe_exception(error)[0]
    place = f" at {told['at'][-1]}" if told["at"] else ""
    return f"An unexpected fault ({told['type']}{place}). This is an error in the program; report it with this line."
