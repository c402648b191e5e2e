"""What can be asked of the log: the public tree, and for those with a role its entries."""

from __future__ import annotations

from hub.api import log
from hub.api.looking import REASON_PARAMETERS
from hub.api.routes import Access, Operation

NOT_FOUND = ("Finns inte (ännu).", "Problem")
NOT_ALLOWED = ("Rollen räcker inte, eller skäl saknas.", "Problem")

LOG_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/log/checkpoint",
        log.show_checkpoint,
        Access.PUBLIC,
        "logg",
        "Loggens storlek och rot, signerade (C2SP tlog-checkpoint)",
        {200: ("En signerad not.", "text/plain"), 404: NOT_FOUND},
    ),
    Operation(
        "GET",
        "/log/tile/entries/{tile}",
        log.show_entries,
        Access.OVERSIGHT,
        "logg",
        "En bunt poster ur loggen (C2SP tlog-tiles); titten loggas",
        {200: ("Posterna.", "application/octet-stream"), 400: NOT_FOUND, 403: NOT_ALLOWED, 404: NOT_FOUND},
        parameters=REASON_PARAMETERS,
    ),
    Operation(
        "GET",
        "/log/tile/{tile}",
        log.show_tile,
        Access.PUBLIC,
        "logg",
        "En platta ur loggens träd: hashvärden (C2SP tlog-tiles)",
        {200: ("Hashvärdena.", "application/octet-stream"), 404: NOT_FOUND},
    ),
)
