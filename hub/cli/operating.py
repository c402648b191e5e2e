"""Calls of the operator: whoever can read the signing key on the hub's machine asks as an administrator.

The running hub does what is asked and writes it into its log; no command changes the database behind its back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hub.cli import options, terminal
from hub.cli.faults import Failed

if TYPE_CHECKING:
    from hub.settings import Settings

LIFE_OF_TOKEN = timedelta(minutes=5)


def call(
    settings: Settings,
    url: str | None,
    method: str,
    *path: str,
    body: Any = None,
    query: Mapping[str, str] | None = None,
) -> Any:
    """The hub's JSON answer. Raises `Failed`, `WrongUse`; `hub.client.errors.Refused` when the answer is no."""
    import orjson

    from hub.client import errors

    address = url or options.address_of(settings)
    content = None if body is None else orjson.dumps(body)
    try:
        with terminal.retries_told():
            return asyncio.run(_call(address, operator_token(settings), method, path, content, query))
    except errors.NotAuthenticated:
        raise Failed(f"The hub at {address} has another key than the data directory: name both right.") from None
    except errors.HubUnavailable as absent:
        raise Failed(
            f"The hub at {address} does not answer ({absent.reason}): is it running, and is --hub right?"
        ) from None
    except errors.AnswerNotUnderstood as strange:
        raise Failed(f"What answers at {address} is no hub of this version ({strange}).") from None


def operator_token(settings: Settings) -> str:
    """A token of the hub in the data directory. Raises `Failed` where there is none."""
    from hub import bootstrap, clock
    from hub.identity.roles import OPERATOR

    if not (settings.data_dir / bootstrap.SIGNING_KEY).exists():
        raise Failed(f"There is no hub in {settings.data_dir} yet: start one there with `samverkan serve`.")
    life = min(LIFE_OF_TOKEN, settings.token_ttl_max)
    return bootstrap.build_issuer(settings).issue_staff(OPERATOR.staff_id, life, clock.SystemClock().now())


async def _call(
    address: str, token: str, method: str, path: tuple[str, ...], body: bytes | None, query: Mapping[str, str] | None
) -> Any:
    import aiohttp

    from hub.client.calling import Line, Patience

    # A person waits: a hub that is not there is told soon.
    patience = Patience(attempts=4, total=timedelta(seconds=15))
    async with aiohttp.ClientSession() as session:
        answer = await Line(session, address, token, patience).call(method, *path, query=query, body=body)
    return answer.document
