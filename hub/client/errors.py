"""What can go wrong when speaking with a hub. The texts hold codes and status numbers, never a message's
content."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.client.answers import FieldFault, Problem, RecipientResult


class HubError(Exception):
    """The root of every error that this library raises on purpose."""


class HubUnavailable(HubError):
    """The hub could not be reached, or could not take the call, as often as it was tried.

    Whether it took effect is unknown; the same call again is safe. `reason` is a status number or the kind of
    a connection error.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"the hub is not available ({reason})")
        self.reason = reason


class AnswerNotUnderstood(HubError):
    """What answered is no hub, or a hub of a version that this library does not know."""


class FileRefused(HubError):
    """The hub has the file and will not send it on. `code`: `ATTACHMENT_DIGEST` (it came otherwise than it was),
    `ATTACHMENT_TYPE` (its content is no file of that type) or `ATTACHMENT_INFECTED` (its scanner says no)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TokenRefused(HubError):
    """The hub gives this unit no token (RFC 6749 5.2): `error` is its code, `told` what is wrong with the request."""

    def __init__(self, error: str, told: str) -> None:
        super().__init__(f"{error}: {told}")
        self.error = error
        self.told = told


class _HasProblem(HubError):
    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.code}" if problem.code else str(problem.status))
        self.problem = problem


class NotAuthenticated(_HasProblem):
    """The token is missing, wrong or has ended (401)."""


class Refused(_HasProblem):
    """The hub says no, and would say no again to the same call (4xx other than 401 and 429)."""

    @property
    def status(self) -> int:
        return self.problem.status

    @property
    def code(self) -> str | None:
        """From the closed list of refusal codes, or a code of the call itself such as `NOT_FOUND`."""
        return self.problem.code

    @property
    def title(self) -> str:
        """In Swedish, for the person who sent it."""
        return self.problem.title

    @property
    def detail(self) -> str | None:
        return self.problem.detail

    @property
    def errors(self) -> tuple[FieldFault, ...]:
        """Every faulty field, by its place in the event."""
        return self.problem.errors

    @property
    def recipients(self) -> tuple[RecipientResult, ...]:
        """What was decided for each recipient of a refused message."""
        return self.problem.recipients
