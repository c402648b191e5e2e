"""A hub in the process of the test, for what cannot be asked of another process: broken parts, other catalogues."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub import bootstrap, settings
from hub.api.server import Server


class HubHere:
    """Enough of a `HubProcess` for parties to speak to a hub in this process."""

    def __init__(self, server: Server, given: settings.Settings) -> None:
        self.url = server.url
        self.data_dir = given.data_dir
        self._issuer = bootstrap.build_issuer(given)

    def staff_token(self) -> str:
        """For whoever reads the data directory: every role."""
        return self._issuer.issue_staff("operator", timedelta(minutes=10), datetime.now(UTC))

    def token(self, unit: str) -> str:
        return self._issuer.issue(unit, timedelta(minutes=10), datetime.now(UTC))
