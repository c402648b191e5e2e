"""Where a person is signed in: seen, ended, and no more at once than is allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from hub import bootstrap
from hub.audit.entry import AuditAction
from hub.identity.staffing import EndSessions, KeepSession, StartSession, UseSession, Why
from hub.store.people import Session
from hub.store.records import AuditQuery
from hub.web import browser as browsers
from tests.support.browsing import Browser, Shown
from tests.unit.hub.web.conftest import Pages

Build = Callable[..., Awaitable[Pages]]


def key_of(browser: Browser) -> str:
    return browsers.key_of(next(each.value for each in browser.session.cookie_jar if each.key == "samverkan"))


def named_in(page: Shown) -> list[str]:
    return re.findall(r'name="session" value="([^"]+)"', page.text)


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/sessions")).status == 200


async def windows(pages: Pages, person: str, count: int) -> list[Browser]:
    """Signed in one after the other, a minute between."""
    found = []
    for _ in range(count):
        found.append(await pages.signed_in(person))
        pages.pass_time(timedelta(minutes=1))
    return found


def told_of_ends(pages: Pages) -> list[tuple[str, str, int]]:
    rows = pages.hub.reader.list_audit(AuditQuery(limit=1000))
    found = [json.loads(row.entry) for row in rows if row.action == AuditAction.STAFF_SESSION_ENDED]
    return [(each["actor"], each["why"], each["sessions"]) for each in found]


async def test_a_person_sees_the_own_sessions_and_which_one_this_is(pages: Pages) -> None:
    first, second = await windows(pages, "fk", 2)
    await pages.signed_in("af")
    page = await second.get("/sessions")
    assert "Dina inloggningar" in page.text
    assert page.text.count("Den här</span>") == 1
    assert named_in(page) == [key_of(first)]
    assert named_in(await first.get("/sessions")) == [key_of(second)]
    assert "no-store" in page.headers["Cache-Control"]


async def test_when_a_session_was_used_last_is_noted_now_and_then(pages: Pages) -> None:
    first, second = await windows(pages, "fk", 2)
    began = kept(pages, first).used_at
    await first.get("/sessions")
    assert kept(pages, first).used_at == began
    pages.pass_time(timedelta(minutes=5))
    await first.get("/sessions")
    assert kept(pages, first).used_at == pages.clock.now()
    pages.pass_time(timedelta(minutes=3))
    assert "3 minuter" in (await second.get("/sessions")).text


def kept(pages: Pages, browser: Browser) -> Session:
    return pages.hub.reader.find_sessions([key_of(browser)])[key_of(browser)]


async def test_that_a_session_is_used_does_not_make_it_longer_or_forget_what_it_keeps(pages: Pages) -> None:
    (browser,) = await windows(pages, "fk", 1)
    before = kept(pages, browser)
    keep, use = KeepSession(before.session_key, {"reason": "operation"}), UseSession(before.session_key)
    one, other = pages.hub.group.submit(keep), pages.hub.group.submit(use)
    await one
    await other
    after = kept(pages, browser)
    assert (after.ends_at, after.memory) == (before.ends_at, {"reason": "operation"})
    assert after.used_at == pages.clock.now()


async def test_one_session_is_ended_from_another(pages: Pages) -> None:
    first, second, third = await windows(pages, "fk", 3)
    page = await third.get("/sessions")
    answer = await third.post("/sessions/end", {"csrf": page.token, "session": key_of(first)})
    assert (answer.status, answer.headers["Location"]) == (303, "/sessions?ended")
    assert [await is_in(each) for each in (first, second, third)] == [False, True, True]
    staff_id = kept(pages, third).staff_id
    assert told_of_ends(pages) == [(f"staff:{staff_id}", "chosen", 1)]
    assert "Klart." in (await third.get("/sessions?ended")).text


async def test_all_others_are_ended_and_this_one_stays(pages: Pages) -> None:
    first, second, third = await windows(pages, "fk", 3)
    somebody_else = await pages.signed_in("af")
    page = await second.get("/sessions")
    assert (await second.post("/sessions/end", {"csrf": page.token})).status == 303
    assert [await is_in(each) for each in (first, second, third, somebody_else)] == [False, True, False, True]
    assert [each[1:] for each in told_of_ends(pages)] == [("chosen", 2)]


async def test_another_persons_session_is_as_one_that_is_not_there(pages: Pages) -> None:
    theirs, mine = await pages.signed_in("af"), await pages.signed_in("fk")
    page = await mine.get("/sessions")
    for chosen in (key_of(theirs), "0" * 64, "x" * 5000, key_of(mine)):
        answer = await mine.post("/sessions/end", {"csrf": page.token, "session": chosen})
        assert answer.status == 404
    assert await is_in(theirs)
    assert await is_in(mine)
    assert told_of_ends(pages) == []


async def test_a_form_of_another_site_ends_nothing(pages: Pages) -> None:
    first, second = await windows(pages, "fk", 2)
    token = (await second.get("/sessions")).token
    wrong = (await first.get("/sessions")).token
    for form, headers in (({}, {}), ({"csrf": wrong}, {}), ({"csrf": token}, {"Origin": "https://evil.example"})):
        assert (await second.post("/sessions/end", form, **headers)).status == 403
    assert await is_in(first)


async def test_one_session_more_than_allowed_ends_the_oldest(build_pages: Build) -> None:
    pages = await build_pages(sessions_per_person=2)
    somebody_else = await pages.signed_in("af")
    first, second, third = await windows(pages, "fk", 3)
    assert [await is_in(each) for each in (first, second, third, somebody_else)] == [False, True, True, True]
    assert told_of_ends(pages) == [("hub", "limit", 1)]
    # Whoever signs in again in the same window has no session more than before.
    await third.sign_in("fk")
    assert await is_in(second)


async def test_many_who_sign_in_at_once_are_no_more_than_allowed(build_pages: Build) -> None:
    pages = await build_pages(sessions_per_person=2)
    member = kept(pages, await pages.signed_in("fk")).staff_id
    starts = [pages.hub.group.submit(StartSession(f"key-{n}", member, "oidc", "none", None, 2)) for n in range(7)]
    for start in starts:
        await start
    assert len(pages.hub.reader.list_sessions(member, pages.clock.now())) == 2


async def test_an_open_inbox_hears_nothing_more_once_its_session_is_ended(pages: Pages) -> None:
    first, second = await windows(pages, "fk", 2)
    member = kept(pages, second)
    async with first.session.get(f"{first.url}/team/stream") as stream:
        assert b"first" in await stream.content.readuntil(b"data: first\n\n")
        ends = EndSessions("operator", member.staff_id, Why.ADMINISTRATOR, spared=member.session_key)
        assert await pages.hub.group.submit(ends) == 1
        for listeners in pages.hub.transport._listeners.values():  # type: ignore[attr-defined]
            for listener in listeners:
                listener.wake()
        rest = await stream.content.read()
    assert rest.endswith(b"event: over\ndata: session\n\n")


@pytest.mark.parametrize("person", ["fk", "admin", "granskare"])
async def test_whoever_may_sign_in_may_see_the_own_sessions(pages: Pages, person: str) -> None:
    assert await is_in(await pages.signed_in(person))
    assert (await pages.browser().get("/sessions")).status in (303, 401)


async def test_an_administrator_ends_all_sessions_of_a_member_who_may_sign_in_again(pages: Pages) -> None:
    first, second = await windows(pages, "fk", 2)
    somebody_else = await pages.signed_in("af")
    staff_id = kept(pages, first).staff_id
    issued = bootstrap.build_issuer(pages.hub.settings).issue_staff("operator", timedelta(minutes=5), pages.clock.now())
    headers = {"Authorization": f"Bearer {issued}"}

    async def call(whose: str) -> tuple[int, object]:
        address = f"{pages.server.url}/v1/admin/staff/{whose}/sessions"
        async with pages.browser().session.delete(address, headers=headers) as answer:
            return answer.status, (await answer.json(content_type=None)).get("ended")

    assert await call(staff_id) == (200, 2)
    assert [await is_in(each) for each in (first, second, somebody_else)] == [False, False, True]
    assert told_of_ends(pages) == [("staff:operator", "administrator", 2)]
    assert await call(staff_id) == (200, 0)
    assert (await call("0b6e1f5a-3c52-4a0e-9d59-0b6a5f3a1c11"))[0] == 404
    assert await is_in(await pages.signed_in("fk"))
