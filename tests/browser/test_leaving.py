"""Signing in at a provider and out again there, in a real browser: its own rules for forms and cookies count."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from hub.identity.oidc import OpenIdSignIn, Provider
from hub.identity.roles import Grant, Role
from hub.identity.staffing import ChangeStaff
from hub.store.people import StaffMember
from tests.browser.conftest import NINE, opened
from tests.browser.window import Office
from tests.support.provider import CLIENT, LOA3, SECRET, FaultyProvider

pytestmark = pytest.mark.slow

STAFF_ID = "3f0c2a9e-6a0d-4a57-9d43-0f0b6a1f7c11"


@pytest.fixture
async def provider() -> AsyncIterator[FaultyProvider]:
    started = FaultyProvider(NINE.timestamp)
    await started.start()
    started.way_out = f"{started.issuer}/logout"
    yield started
    await started.stop()


@pytest.fixture
async def office(browser: Browser, tmp_path: Path, provider: FaultyProvider) -> AsyncIterator[Office]:
    given = {"public_url": "http://127.0.0.1:1", "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    async with opened(browser, tmp_path, demo=False, oidc_issuer=provider.issuer, **given) as office:
        places = (f"{office.url}/sign-in/callback", f"{office.url}/sign-in")
        office.hub.oidc = OpenIdSignIn(Provider(provider.issuer, CLIENT, SECRET, *places, (LOA3,)))
        grants = frozenset({Grant(Role.ADMINISTRATOR)})
        member = StaffMember(STAFF_ID, provider.issuer, provider.sub, "Åsa Öberg", grants, NINE)
        await office.hub.group.submit(ChangeStaff("hub", member))
        yield office
        # The provider is the one place outside that a browser is sent to.
        office.faults[:] = [
            each for each in office.faults if not each.startswith(f"left the machine: {provider.issuer}/")
        ]


@pytest.mark.parametrize("script", [True, False])
async def test_who_signs_out_is_led_out_at_the_provider_and_back(
    office: Office, provider: FaultyProvider, script: bool
) -> None:
    window = await office.come_in(script=script)
    await window.go("/sign-in/start")
    await window.page.wait_for_url("**/admin")
    await window.press("Logga ut")
    if not script:
        await window.sees("Du är utloggad här")
        await window.press("Logga ut även där")
    await window.page.wait_for_url("**/sign-in")
    assert provider.left["id_token_hint"].count(".") == 2
    assert provider.left["client_id"] == CLIENT
    await window.go("/admin")
    await window.sees("Logga in")
