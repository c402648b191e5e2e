"""Signatures by Standard Webhooks: HMAC-SHA256 over id, time and body, once for each secret that still counts."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from standardwebhooks import Webhook

OVERLAP: Final = timedelta(hours=24)
"""How long the old secret counts beside the new one."""


@dataclass(frozen=True, slots=True)
class Secret:
    """`ends_at`: from then on nothing is signed with it; None for the current one."""

    value: str
    ends_at: datetime | None = None


def new_secret() -> str:
    """256 random bits, in the form that receivers' libraries take."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def rotate(known: Sequence[Secret], value: str, at: datetime) -> tuple[Secret, ...]:
    """The new secret first; the last one goes on for a while, older ones end as they were to."""
    going_on = [secret if secret.ends_at else Secret(secret.value, at + OVERLAP) for secret in known]
    return (Secret(value), *(secret for secret in going_on if secret.ends_at and secret.ends_at > at))


def sign(known: Sequence[Secret], message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The headers. The receiver is content when one of the signatures holds."""
    text = body.decode()
    counting = [secret.value for secret in known if secret.ends_at is None or secret.ends_at > at]
    signatures = [Webhook(value).sign(message_id, at, text) for value in counting]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def dump(known: Sequence[Secret]) -> bytes:
    """For sealing."""
    return json.dumps([[each.value, each.ends_at.isoformat() if each.ends_at else None] for each in known]).encode()


def load(content: bytes) -> tuple[Secret, ...]:
    return tuple(Secret(value, datetime.fromisoformat(ends) if ends else None) for value, ends in json.loads(content))
