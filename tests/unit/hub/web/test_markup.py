"""A text with markup is a text, in whichever field it stands."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from tests.unit.hub.web.conftest import Pages
from tests.unit.hub.web.test_desk import MARKUP, bring_case, faults_of

TEXTS = re.compile(r'<(?:input[^>]* name="([^"]+)" type="text"|textarea[^>]* name="([^"]+)")')


def test_no_template_takes_a_text_for_markup() -> None:
    templates = resources.files("hub.web").joinpath("templates")
    found = [
        path
        for folder in (templates, *filter(lambda each: each.is_dir(), templates.iterdir()))
        for path in folder.iterdir()
    ]
    texts = {path.name: path.read_text("utf-8") for path in found if path.name.endswith(".html")}
    assert len(texts) > 30
    for trusting in ("|safe", "| safe", "autoescape", "Markup", "xmlattr"):
        assert [name for name, text in texts.items() if trusting in text] == [], trusting


@pytest.mark.parametrize("person", ["fk", "stadsdel"])
async def test_markup_in_every_text_of_every_form_comes_back_as_text(pages: Pages, person: str) -> None:
    _, case = await bring_case(pages)
    browser = await pages.signed_in(person)
    listed = (await browser.get("/team/new")).text + (await browser.get(f"/team/cases/{case}")).text
    paths = sorted(set(re.findall(r'href="(/team/send/[^"?]+)', listed)))
    filled = 0
    for path in paths:
        asked = f"{path}?case={case}"
        form = await browser.get(asked)
        if form.status != 200:  # a message without a case
            asked, form = path, await browser.get(path)
        names = [first or second for first, second in TEXTS.findall(form.text)]
        filled += len(names)
        sent = {name: form.hidden(name) for name in ("csrf", "message_id", "at")} | dict.fromkeys(names, MARKUP)
        shown = await browser.post(asked, sent | {"do": "preview"})
        assert shown.text.count("&lt;script&gt;alert(1)") >= len(names), path
        assert "<script>alert" not in shown.text
        assert faults_of(shown) == []
    assert filled >= 5
