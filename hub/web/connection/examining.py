"""What is right and wrong with a client assertion, step by step, and what seems to have been meant.

What is told of an assertion that does not hold is about its own text and the hub's public values, and all of it also
follows from the answers of the token endpoint. Whose key is unknown learns nothing about the unit: neither whether it
is there nor which keys it has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from hub.identity import assertions, jws, tokens
from hub.identity.assertions import Fault

STEPS: Final[Mapping[str, tuple[Fault, ...]]] = {
    "form": (Fault.MALFORMED,),
    "header": (Fault.HEADER, Fault.ALGORITHM),
    "client": (Fault.CLAIMS, Fault.SUBJECT),
    "audience": (Fault.AUDIENCE,),
    "clock": (Fault.EXPIRED, Fault.TOO_LONG, Fault.NOT_YET_VALID),
    "key": (Fault.KEY,),
    "once": (Fault.REPLAYED,),
}
"""Where each fault belongs, in the order in which an assertion is looked at."""
_MILLISECONDS_FROM: Final = 100_000_000_000  # as seconds: the year 5138
_LONGEST_TOLD: Final = 10**7


@dataclass(frozen=True, slots=True)
class Step:
    """`ok` is None where nothing could be looked at. `hints` are names of texts, `seconds` fill in one by its name."""

    name: str
    ok: bool | None
    faults: tuple[Fault, ...] = ()
    hints: tuple[str, ...] = ()
    seconds: Mapping[str, int] = field(default_factory=dict)


def take_steps(text: str, faults: tuple[Fault, ...], at: datetime) -> tuple[Step, ...]:
    """What to tell of `text`, in which `faults` were found."""
    try:
        signed = jws.parse(text)
    except jws.Malformed:
        broken = Step("form", False, faults, tuple(_misread(text)))
        return (broken, *(Step(name, None) for name in STEPS if name != "form"))
    hints = {
        "header": tuple(_about_header(signed.header)),
        "audience": tuple(_about_audience(signed.claims)),
        "client": tuple(_about_times(signed.claims)),
    }
    return tuple(_step(name, faults, hints.get(name, ()), signed.claims, at) for name in STEPS)


def _step(
    name: str, faults: tuple[Fault, ...], hints: tuple[str, ...], claims: Mapping[str, Any], at: datetime
) -> Step:
    found = tuple(fault for fault in STEPS[name] if fault in faults)
    if not found and _is_untried(name, faults, claims):
        return Step(name, None)
    return Step(name, not found, found, hints if found else (), _seconds(claims, at) if name == "clock" else {})


def _is_untried(name: str, faults: tuple[Fault, ...], claims: Mapping[str, Any]) -> bool:
    """No key is tried for a header that is wrong, nothing is used up by what is wrong, and times must be there."""
    if name == "key":
        return bool({Fault.HEADER, Fault.ALGORITHM} & {*faults})
    if name == "clock":
        return jws.instant(claims.get("exp")) is None
    return name == "once" and bool(faults)


def _misread(text: str) -> Iterator[str]:
    """What may have been pasted instead. A key is looked for first: nothing is as urgent."""
    if re.search(r"PRIVATE KEY|\"d\"\s*:", text):
        yield "private_key"
        return
    if re.match(r"(?i)bearer\s|dpop\s", text):
        yield "bearer"
    elif re.search(r"\s", text):
        yield "spaces"
    if text.rstrip().endswith("=") or "=." in text:
        yield "padding"
    if text.count(".") == 4:
        yield "encrypted"


def _about_header(header: Mapping[str, Any]) -> Iterator[str]:
    algorithm = header.get("alg")
    if header.get("typ") == tokens.TYPE:
        yield "access_token"
    if isinstance(algorithm, str):
        if algorithm.startswith(("RS", "PS")):
            yield "rsa"
        elif algorithm.startswith("HS"):
            yield "secret"
        elif algorithm.lower() == "none":
            yield "unsigned"


def _about_audience(claims: Mapping[str, Any]) -> Iterator[str]:
    audience = claims.get("aud")
    if audience is None:
        yield "aud_missing"
    elif isinstance(audience, list):
        yield "aud_list"
    elif isinstance(audience, str) and audience.startswith(("http://", "https://")):
        yield "aud_endpoint"


def _about_times(claims: Mapping[str, Any]) -> Iterator[str]:
    times = [claims.get(name) for name in ("exp", "iat", "nbf")]
    if any(isinstance(each, int | float) and each > _MILLISECONDS_FROM for each in times):
        yield "milliseconds"
    if any(isinstance(each, str) for each in times):
        yield "text_times"


def _seconds(claims: Mapping[str, Any], at: datetime) -> dict[str, int]:
    """How far apart the times are from the hub's clock: keys of `connection.seen`."""
    made, ends = jws.instant(claims.get("iat")), jws.instant(claims.get("exp"))
    told: dict[str, float] = {}
    if made is not None:
        told["behind" if made <= at else "ahead"] = abs((at - made).total_seconds())
    if ends is not None:
        told["ended" if ends <= at else "left"] = abs((at - ends).total_seconds())
    return {name: round(value) for name, value in told.items() if value < _LONGEST_TOLD}


def unit_of(text: str) -> str | None:
    """Whose keys it is to be verified with; None where that cannot be read."""
    try:
        return assertions.client_of(text)
    except assertions.NotTaken:
        return None
