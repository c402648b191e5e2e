"""The table of every page: a page exists only by being here, and each names who may see it."""

from __future__ import annotations

from hub.api.routes import Access, Page
from hub.web import assets, signing

_FRAME = (
    Page("GET", "/", signing.show_start, Access.PUBLIC),
    Page("GET", "/assets/{digest}/{name}", assets.show_asset, Access.PUBLIC),
    Page("GET", "/language/{language}", signing.choose_language, Access.PUBLIC),
    Page("GET", "/sign-in", signing.show_sign_in, Access.PUBLIC),
    Page("POST", "/sign-in/demo", signing.sign_in_invented, Access.PUBLIC),
    Page("POST", "/sign-out", signing.sign_out, Access.STAFF),
)

PAGES: tuple[Page, ...] = (*_FRAME,)
