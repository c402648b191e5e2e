"""Builds what only administrators of the broker need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.settings import Settings

if TYPE_CHECKING:
    from hub.transport.accounts import Accounts


def open_accounts(settings: Settings) -> Accounts | None:
    """The units' accounts at the broker; None where the settings name no broker or no management API."""
    from hub.transport import accounts

    if settings.broker_url is None or settings.broker_api_url is None:
        return None
    return accounts.Accounts(settings.broker_api_url, settings.broker_url)
