"""A case as one seat may know it: what it sent and received, who is covered by consent, the plan, what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from hub.api.answers import path_id
from hub.api.keys import hub_of
from hub.api.problems import call_problem
from hub.delivery.reading import Opened
from hub.service import Hub
from hub.store.records import ClaimCheck, DeliveryState, MessageKey, StoredMessage
from hub.web import frame
from hub.web.team import desk, inbox, offering, own
from hub.web.team.inbox import UNREAD
from routing.case import Case
from routing.consent import Consent

MOST_CASES = 60
MOST_SENT = 200
JOINT_PLAN = "finsam.joint-plan-recorded"
FOLLOW_UP = "finsam.followup-recorded"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in the timeline. `address` leads to it; `got` counts how many got it, for what was sent."""

    at: datetime
    type: str
    is_sent: bool
    other: str
    state: DeliveryState | None
    address: str
    states: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Strip:
    """One consent, as far as it names this seat's authority."""

    consent: Consent
    status: str
    edges: tuple[tuple[str, tuple[str, ...], tuple[str, ...], bool], ...]
    """Holder, who may know, which categories, and whether it counts."""
    excluded: tuple[tuple[str | None, str | None], ...]
    is_ours: bool


@dataclass(frozen=True, slots=True)
class PlanItem:
    """A point of the joint plan, with what the last follow-up said of it."""

    item_id: str
    what: str
    party: str
    due: str
    category: str
    status: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The joint plan in force, as this seat may see it."""

    content: Mapping[str, Any]
    items: tuple[PlanItem, ...]
    address: str


async def show_case(request: web.Request) -> web.Response:
    """Everything that this seat has in one case."""
    hub, unit_id = hub_of(request), desk.unit_of(request)
    case, sent, received = await look_at(request)
    opened = await Opening(request, case, sent, received).open()
    around: dict[str, Any] = await hub.store.ask(
        lambda: {
            "timeline": _timeline(hub, sent, received),
            "strips": list_strips(hub, case.person_key, unit_id),
            "due": inbox.list_due(hub, unit_id, [case.case_id]),
            "actions": offering.actions_for(hub, unit_id, case.case_id),
        }
    )
    return desk.page(
        request,
        "team/case.html",
        case=case,
        team=case.team,
        unread=sum(claim.state in UNREAD for claim in received),
        done=request.query.get("done", ""),
        **around,
        **opened,
    )


async def look_at(request: web.Request) -> tuple[Case, list[StoredMessage], list[ClaimCheck]]:
    """The case that the address names, with what the seat has sent and received in it."""
    hub, unit_id, case_id = hub_of(request), desk.unit_of(request), path_id(request, "case")
    case = await hub.store.ask(lambda: offering.find_case(hub, case_id, unit_id))
    if case is None:
        raise call_problem("NOT_FOUND")
    return case, *await hub.store.ask(lambda: list_messages(hub, unit_id, case_id))


def list_messages(hub: Hub, unit_id: str, case_id: str) -> tuple[list[StoredMessage], list[ClaimCheck]]:
    """Newest sent first; received in their order."""
    sent = [stored for _, stored in hub.reader.list_sent(unit_id, limit=MOST_SENT, case_id=case_id)]
    return sent, list(hub.reader.list_received(unit_id, case_id))


def _timeline(hub: Hub, sent: Sequence[StoredMessage], received: Sequence[ClaimCheck]) -> list[Entry]:
    entries = [
        Entry(
            claim.recorded_at,
            claim.type,
            is_sent=False,
            other=claim.source.removeprefix("/units/"),
            state=claim.state,
            address=f"/team/messages/{claim.delivery_id}",
        )
        for claim in received
    ]
    entries += [
        Entry(
            stored.recorded_at,
            stored.type,
            is_sent=True,
            other="",
            state=None,
            address=f"/team/sent/{stored.key.message_id}",
            states=_states(hub, stored),
        )
        for stored in sent
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _states(hub: Hub, stored: StoredMessage) -> tuple[tuple[str, str], ...]:
    """Unit and state of each copy; nothing for a type whose answer is the same whatever happened."""
    if hub.rulebook.types[stored.type].uniform:
        return ()
    return tuple((each.unit_id, each.state.value) for each in hub.reader.list_deliveries(stored.key))


class Opening:
    """What the page shows out of messages: only those that the seat has opened before, or sent itself. Each look at a
    received one is decided and logged again, like every other."""

    def __init__(
        self, request: web.Request, case: Case, sent: Sequence[StoredMessage], received: Sequence[ClaimCheck]
    ) -> None:
        self._request = request
        self._hub = hub_of(request)
        self._unit = desk.unit_of(request)
        self._case = case
        self._sent = sent
        self._opened = [claim for claim in reversed(received) if claim.state not in UNREAD]
        self._seen: dict[str, Mapping[str, Any] | None] = {}

    async def open(self) -> dict[str, Any]:
        """`person`, `plan`: None where there is nothing to show."""
        plan = await self.find_newest(JOINT_PLAN)
        follow_up = await self.find_newest(FOLLOW_UP) if plan else None
        person = next((data.get("person") for data in (plan, follow_up) if data and data.get("person")), None)
        return {
            "plan": self._plan(plan, follow_up) if plan else None,
            "person": person or await self.find_person(),
        }

    async def find_person(self) -> Mapping[str, Any] | None:
        """The person, from the newest message that tells."""
        for claim in self._opened[:3]:
            data = await self._read(claim)
            if data and data.get("person"):
                return dict(data["person"])
        for stored in self._sent[:3]:
            data = await self._read_own(stored)
            if data and data.get("person"):
                return dict(data["person"])
        return None

    async def find_plan(self) -> Mapping[str, Any] | None:
        """The content of the newest joint plan."""
        data = await self.find_newest(JOINT_PLAN)
        return data.get("content") if data else None

    async def find_newest(self, type_name: str) -> Mapping[str, Any] | None:
        """The data of the newest message of a type, if the seat has opened or sent it."""
        claims = [claim for claim in self._opened if claim.type.endswith(type_name)][:1]
        stored = [each for each in self._sent if each.type == type_name][:1]
        if stored and (not claims or stored[0].recorded_at > claims[0].recorded_at):
            return await self._read_own(stored[0])
        return await self._read(claims[0]) if claims else None

    async def _read(self, claim: ClaimCheck) -> Mapping[str, Any] | None:
        if claim.delivery_id not in self._seen:
            answered = await self._hub.read(claim.delivery_id, self._unit)
            self._seen[claim.delivery_id] = answered.event["data"] if isinstance(answered, Opened) else None
            if isinstance(answered, Opened):
                await desk.record_act(self._request, "open", message_id=claim.message_id, case_id=self._case.case_id)
        return self._seen[claim.delivery_id]

    async def _read_own(self, stored: StoredMessage) -> Mapping[str, Any] | None:
        return await self._hub.store.ask(lambda: own.read(self._hub, stored))

    def _plan(self, plan: Mapping[str, Any], follow_up: Mapping[str, Any] | None) -> Plan:
        content = plan["content"]
        told = (follow_up or {}).get("content", {})
        same = told.get("plan_id") == content.get("plan_id")
        status = {each.get("item_id"): each.get("status", "") for each in told.get("per_item", ())} if same else {}
        items = tuple(
            PlanItem(
                item.get("item_id", ""),
                item.get("what", ""),
                item.get("by_party_kind", ""),
                item.get("due", ""),
                item.get("category", "PL"),
                status.get(item.get("item_id"), ""),
            )
            for item in content.get("items", ())
        )
        return Plan(content, items, f"/team/cases/{self._case.case_id}/plan")


def list_strips(hub: Hub, person_key: str | None, unit_id: str) -> list[Strip]:
    """The person's consents that name this unit's authority, or that it recorded: newest first."""
    authority = hub.directory.find_authority(unit_id)
    if person_key is None or authority is None:
        return []
    ledger = hub.look()
    ledger.prepare_consents({person_key}, set())
    found = [
        consent
        for consent in ledger.consents_of(person_key).values()
        if consent.recorded_by == unit_id or consent.names(authority)
    ]
    found.sort(key=lambda consent: consent.valid_to, reverse=True)
    return [_strip(hub, consent, unit_id, authority) for consent in found]


def _strip(hub: Hub, consent: Consent, unit_id: str, authority: str) -> Strip:
    is_ours = consent.recorded_by == unit_id
    told: dict[tuple[str, tuple[str, ...], bool], list[str]] = {}
    for edge in consent.edges:
        if is_ours or authority in (edge.holder, edge.recipient):
            categories = tuple(sorted(edge.categories - consent.withdrawn_categories))
            counts = edge.confirmed and not ({edge.holder, edge.recipient} & consent.withdrawn_parties)
            told.setdefault((edge.holder, categories, counts), []).append(edge.recipient)
    edges = tuple((holder, tuple(known), what, counts) for (holder, what, counts), known in told.items())
    excluded = tuple(
        (entry.recipient, entry.category)
        for entry in consent.excluded
        if (entry.recipient or entry.category) and (is_ours or entry.recipient in (None, authority))
    )
    return Strip(consent, consent.status_at(hub.clock.now()).value, edges, excluded, is_ours)


@dataclass(frozen=True, slots=True)
class Listed:
    """A case in the list: when something last happened, and how much is unread."""

    case_id: str
    at: datetime
    last_type: str
    unread: int
    case: Case


async def list_cases(request: web.Request) -> web.Response:
    """The cases in which something happened lately. Without names, as the inbox."""
    hub, unit_id = hub_of(request), desk.unit_of(request)
    return desk.page(request, "team/cases.html", cases=await hub.store.ask(lambda: find_cases(hub, unit_id)))


def find_cases(hub: Hub, unit_id: str) -> list[Listed]:
    """By what was last sent or received, newest first."""
    last: dict[str, tuple[datetime, str]] = {}
    unread: dict[str, int] = {}
    for claim in hub.reader.list_recent(unit_id, limit=MOST_SENT):
        if claim.case_id:
            last.setdefault(claim.case_id, (claim.recorded_at, claim.type))
            unread[claim.case_id] = unread.get(claim.case_id, 0) + (claim.state in UNREAD)
    for _, stored in hub.reader.list_sent(unit_id, limit=MOST_SENT):
        if stored.case_id and last.get(stored.case_id, (stored.recorded_at,))[0] <= stored.recorded_at:
            last[stored.case_id] = (stored.recorded_at, stored.type)
    wanted = sorted(last, key=lambda case_id: last[case_id][0], reverse=True)[:MOST_CASES]
    ledger = hub.look()
    ledger.prepare_cases(wanted)
    cases = {case_id: ledger.find_case(case_id) for case_id in wanted}
    return [
        Listed(case_id, *last[case_id], unread.get(case_id, 0), case)
        for case_id in wanted
        if (case := cases[case_id]) is not None and case.is_party(unit_id)
    ]


async def show_sent(request: web.Request) -> web.Response:
    """An own message: what was said, and how far it has come with each recipient."""
    hub, unit_id = hub_of(request), desk.unit_of(request)
    key = MessageKey(f"/units/{unit_id}", path_id(request, "message"))
    stored = await hub.store.ask(lambda: hub.reader.find_messages([key]).get(key))
    if stored is None:
        raise call_problem("NOT_FOUND")
    await desk.record_act(request, "look_at_sent", message_id=key.message_id, case_id=stored.case_id)
    data, states = await hub.store.ask(lambda: (own.read(hub, stored), _states(hub, stored)))
    naming = desk.naming_for(request)
    return desk.page(
        request,
        "team/sent.html",
        stored=stored,
        data=data,
        rows=own.rows(hub, stored, data, naming) if data else (),
        is_uniform=hub.rulebook.types[stored.type].uniform,
        states=dict(states),
        is_done=request.query.get("done") == "sent",
    )


async def show_plan(request: web.Request) -> web.Response:
    """The joint plan on paper, for the person to sign."""
    case, sent, received = await look_at(request)
    opened = await Opening(request, case, sent, received).open()
    if opened["plan"] is None:
        raise call_problem("NOT_FOUND")
    return desk.page(request, "team/plan.html", case=case, **opened)


async def show_new(request: web.Request) -> web.Response:
    """What can be begun without a case."""
    hub, words = hub_of(request), frame.words_for(request)
    actions = offering.actions_for(hub, desk.unit_of(request), None)
    types = [hub.registry.get_type(action.type) for action in actions]
    told = {each.name: each.description_en if words.language == "en" else each.description_sv for each in types}
    return desk.page(request, "team/new.html", actions=actions, descriptions=told)
