"""`samverkan token`: a bearer token for trying things on this machine.

Whoever may read the key in the data directory may be any unit; that is why the key is readable by its owner only.
The log does not know of these tokens: only the running hub writes to it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import options, terminal, units
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.settings import Settings


def token(
    unit: Annotated[
        str | None, typer.Argument(metavar="UNIT", help="The unit's id; `samverkan party list` has them all.")
    ] = None,
    staff: Annotated[
        str | None,
        typer.Option("--staff", metavar="ID", help="A member of the staff instead; `samverkan staff list` has them."),
    ] = None,
    ttl: Annotated[int, typer.Option("--ttl", metavar="SECONDS", help="How long it lives.")] = 900,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Print a bearer token for a unit or a member of the staff. Needs the data directory of a hub started once."""
    settings = options.load_settings(config, data_dir=data_dir)
    if (unit is None) == (staff is None):
        raise WrongUse("A token is for a unit or for a member of the staff: give UNIT or --staff ID.")
    issued = issue(settings, unit, timedelta(seconds=ttl), staff=staff)
    if json:
        bearer = {"unit": unit} if staff is None else {"staff": staff}
        terminal.show_json({"access_token": issued, "token_type": "Bearer", "expires_in": ttl, **bearer})
    else:
        terminal.show_secret(issued)


def issue(settings: Settings, unit: str | None, ttl: timedelta, *, staff: str | None = None) -> str:
    """A token of the hub in the data directory. Raises `WrongUse`, `Failed`, `KeyLocked`."""
    from hub import bootstrap, clock

    longest = settings.token_ttl_max
    if not timedelta(seconds=1) <= ttl <= longest:
        raise WrongUse(f"A token lives from 1 to {longest.total_seconds():.0f} seconds (--ttl, token_ttl_max).")
    if unit is not None:
        units.require_unit(settings, unit)
    if not (settings.data_dir / bootstrap.SIGNING_KEY).exists():
        raise Failed(
            f"There is no hub in {settings.data_dir} yet: start one there with `samverkan serve`, or name another "
            "place with --data-dir."
        )
    issuer, now = bootstrap.build_issuer(settings), clock.SystemClock().now()
    if unit is not None:
        return issuer.issue(unit, ttl, now)
    try:
        return issuer.issue_staff(staff or "", ttl, now)
    except ValueError:
        raise WrongUse("--staff takes an id from `samverkan staff list`.") from None
