"""Two administrators change the units together: one proposes, the other approves, and nobody does both."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from hub.identity.roles import Grant, Role
from hub.identity.sessions import DEMO_ISSUER
from hub.identity.staffing import ChangeStaff
from routing import directory as directories
from tests.browser.conftest import opened
from tests.browser.test_steadiness import overflow, pictured
from tests.browser.window import Office, Window

pytestmark = pytest.mark.slow

OLD_NAME, NEW_NAME = 'name = "Jobbtorg Sydost"', 'name = "Jobbtorg Sydöst"'


@pytest.fixture
def units(tmp_path: Path) -> Path:
    return shutil.copytree(directories.FOLDER, tmp_path / "directory")


@pytest.fixture
async def office(browser: Browser, tmp_path: Path, units: Path) -> AsyncIterator[Office]:
    async with opened(browser, tmp_path, directory_dir=units) as office:
        yield office


async def second_administrator(office: Office) -> Window:
    """The auditor becomes one; roles count as they are at each moment."""
    window = await office.sit_down("granskare")
    member = office.hub.reader.find_staff_by_subject(DEMO_ISSUER, "granskare")
    assert member is not None
    await office.hub.group.submit(
        ChangeStaff("operator", replace(member, grants=frozenset({Grant(Role.ADMINISTRATOR)})))
    )
    return window


async def is_fit_for_all(window: Window, name: str) -> None:
    found = await Axe().run(window.page)
    assert found.violations_count == 0, (window.page.url, found.generate_report())
    for width in (390, 1600):
        await window.page.set_viewport_size({"width": width, "height": 900})
        assert await overflow(window.page) <= 0, (name, width)
    await pictured(window.page, name)
    await window.page.set_viewport_size({"width": 1280, "height": 900})


async def test_one_administrator_proposes_and_another_approves_in_her_own_window(office: Office, units: Path) -> None:
    before = office.hub.directory.digest
    one, other = await office.sit_down("admin"), await second_administrator(office)
    await other.go("/admin/rules/changes")
    await other.sees("Ingen ändring väntar på godkännande.")
    text = (units / "units.toml").read_text("utf-8")
    assert OLD_NAME in text
    (units / "units.toml").write_text(text.replace(OLD_NAME, NEW_NAME), "utf-8")
    await one.go("/admin/rules")
    await one.press("Läs in på nytt")

    await one.go("/admin/rules/changes")
    await one.sees("Du har själv föreslagit ändringen och kan inte godkänna den.")
    await expect(one.page.get_by_role("button", name="Godkänn ändringen")).to_have_count(0)
    await is_fit_for_all(one, "four-eyes-own")
    # Not even by a form of her own making.
    await one.page.evaluate("""() => {
      const button = document.querySelector('form[action="/admin/rules/decide"] button');
      button.value = "approve";
    }""")
    await one.press("Avvisa")
    await one.sees("Den som föreslagit en ändring kan inte godkänna den.")
    await is_fit_for_all(one, "four-eyes-refused")
    assert office.hub.directory.digest == before

    await other.go("/admin/rules/changes")
    await other.sees("En annan administratör behöver godkänna.")
    await other.sees("Föreslagen av Alva Adelsköld.")
    marked = other.page.locator(".differences mark")
    await expect(marked).to_have_text(["name=Jobbtorg Sydost", "name=Jobbtorg Sydöst"])
    await is_fit_for_all(other, "four-eyes-other")
    await other.press("Godkänn ändringen")
    await other.sees("Ingen ändring väntar på godkännande.")
    await other.sees("Katalogen ändrad")
    await is_fit_for_all(other, "four-eyes-approved")
    changed = office.hub.directory.find_unit("jt-sydost")
    assert changed is not None
    assert changed.name == "Jobbtorg Sydöst"


async def test_an_approval_of_what_was_changed_meanwhile_asks_to_read_again(office: Office, units: Path) -> None:
    one, other = await office.sit_down("admin"), await second_administrator(office)
    for name in ("Jobbtorg Sydöst", "Jobbtorg Syd"):
        text = directories.FOLDER.joinpath("units.toml").read_text("utf-8")
        (units / "units.toml").write_text(text.replace(OLD_NAME, f'name = "{name}"'), "utf-8")
        await one.go("/admin/rules")
        await one.press("Läs in på nytt")
        if name == "Jobbtorg Sydöst":
            await other.go("/admin/rules/changes")
            await other.sees(name)
    await other.press("Godkänn ändringen")
    await other.sees("Förslaget har bytts ut sedan du öppnade sidan.")
    await is_fit_for_all(other, "four-eyes-exchanged")
