"""`samverkan party amqp`: a unit's own account at the broker, for its own queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli import looking, options, program, terminal, units
from hub.cli.faults import Failed, WrongUse

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.transport.accounts import Account, Accounts

group = program.new_group("A unit's own account at the broker.")

Unit = Annotated[str, typer.Argument(metavar="UNIT", help="The unit's id.")]


@group.callback()
def _amqp() -> None:
    """A unit's own account at the broker."""


@group.command("set", epilog="Example: samverkan party amqp set jt-sydost")
def set_account(
    unit: Unit, data_dir: options.DataDir = None, config: options.Config = None, json: options.Json = False
) -> None:
    """Make the account. It may read the unit's queue and nothing else; its password is printed, once."""
    settings, accounts = _open(unit, data_dir, config)
    if accounts.list_users(unit):
        raise Failed(f"{unit} has an account already: samverkan party amqp rotate {unit} makes another beside it.")
    _give(settings, accounts, unit, "set", json=json)


@group.command("rotate", epilog="Example: samverkan party amqp rotate jt-sydost")
def rotate(
    unit: Unit, data_dir: options.DataDir = None, config: options.Config = None, json: options.Json = False
) -> None:
    """Make a second account beside the first; its password is printed, once. Both work until `retire`."""
    settings, accounts = _open(unit, data_dir, config)
    if not accounts.list_users(unit):
        raise Failed(f"{unit} has no account at the broker: samverkan party amqp set {unit} makes one.")
    if len(accounts.list_users(unit)) > 1:
        raise Failed(f"{unit} has two accounts: samverkan party amqp retire {unit} takes the older one away.")
    _give(settings, accounts, unit, "rotated", json=json)


@group.command("retire", epilog="Example: samverkan party amqp retire jt-sydost")
def retire(
    unit: Unit, data_dir: options.DataDir = None, config: options.Config = None, json: options.Json = False
) -> None:
    """Take the older of two accounts away, once the unit signs in with the newer. Its connections end at once."""
    settings, accounts = _open(unit, data_dir, config)
    if len(accounts.list_users(unit)) < 2:
        raise Failed(f"{unit} has no second account: samverkan party amqp rotate {unit} makes one.")
    _note(settings, unit, "retired")
    gone = accounts.retire(unit)
    if json:
        terminal.show_json({"unit": unit, "step": "retired", "user": gone})
    else:
        terminal.say(f"{gone} is gone.")


@group.command("remove", epilog="Example: samverkan party amqp remove jt-sydost")
def remove(
    unit: Unit, data_dir: options.DataDir = None, config: options.Config = None, json: options.Json = False
) -> None:
    """Take the unit's accounts away; their connections end at once. The mailbox has everything."""
    settings, accounts = _open(unit, data_dir, config)
    if not accounts.list_users(unit):
        raise Failed(f"{unit} has no account at the broker: samverkan party amqp set {unit} makes one.")
    _note(settings, unit, "removed")
    accounts.remove(unit)
    if json:
        terminal.show_json({"unit": unit, "step": "removed"})
    else:
        terminal.say(f"{unit} has no account at the broker any more.")


def _open(unit: str, data_dir: str | None, config: str | None) -> tuple[Settings, Accounts]:
    from hub import bootstrap_broker

    settings = options.load_settings(config, data_dir=data_dir)
    accounts = bootstrap_broker.open_accounts(settings)
    if accounts is None:
        raise WrongUse("broker_url and broker_api_url must be set: accounts are made over the management API.")
    units.require_unit(settings, unit)
    return settings, accounts


def _give(settings: Settings, accounts: Accounts, unit: str, step: str, *, json: bool) -> None:
    if unit not in settings.amqp_units:
        raise WrongUse(f"{unit} has no queue: name it in amqp_units, and run samverkan migrate.")
    _note(settings, unit, step)
    _show(accounts.give(unit), json=json)


def _show(account: Account, *, json: bool) -> None:
    shown = {
        "user": account.user,
        "password": account.password,
        "vhost": account.virtual_host,
        "queue": account.queue,
    }
    if json:
        terminal.show_json(shown)
    else:
        terminal.show_table(("", ""), [[name, value] for name, value in shown.items()])


def _note(settings: Settings, unit: str, step: str) -> None:
    """For the log, before it is done. Raises `Failed` when it cannot be left: then nothing is done."""
    from hub.audit.entry import AuditAction
    from hub.audit.noting import Note

    looking.leave(settings, Note(AuditAction.AMQP_ACCOUNT_CHANGED, {"step": step}, unit=unit))
