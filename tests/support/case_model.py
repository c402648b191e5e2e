"""What must be true of consents and cases, worked out a second time, by other means than the hub's own code.

Nothing of `routing` and `hub` is imported here: a model that asks the code under test what is right finds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tests.support.events import ALL_CATEGORIES, STOCKHOLM
from tests.support.persons import Person

PLAN, JOINT_PLAN = "5d1f0c8e-64a3-4f0e-9f55-6a1b2c3d0001", "5d1f0c8e-64a3-4f0e-9f55-6a1b2c3d0010"
AUTHORITY = {
    "sd-farsta": "sdn-farsta",
    "sd-skarpnack": "sdn-skarpnack",
    "sd-bromma": "sdn-bromma",
    "sd-jarva": "sdn-jarva",
    "sd-enskede-arsta-vantor": "sdn-enskede-arsta-vantor",
    "jt-sydost": "amn",
    "jt-vasterort": "amn",
    "jt-jarva": "amn",
    "team-sydost": "amn",
    "af-stockholm": "af",
    "fk-stockholm": "fk",
}
JOBBTORG_OF = {"sd-farsta": "jt-sydost", "sd-skarpnack": "jt-sydost", "sd-bromma": "jt-vasterort"}
SEATS = {"team-sydost", "jt-sydost", "af-stockholm", "fk-stockholm"} | {
    "sd-farsta",
    "sd-skarpnack",
    "sd-enskede-arsta-vantor",
}
EVERYTHING = frozenset(ALL_CATEGORIES)
ON_REQUEST = {"attendance": {"AT", "AR"}, "activity": {"PL"}, "closing": {"OU"}}
# A stadsdel's own need (OSL 2009:400 10:2) carries these to one jobbtorg, on the word of one officer.
ON_OWN_NEED = {"referral.submitted", "plan.decided", "plan.disputed", "plan.dispute-settled"}
SAME_BOARD = {"case_transfer", "finsam_joint_planning"}
# What a team may be told of a person without a name.
NAMELESS = {"finsam.case-initiated", "finsam.case-screened", "finsam.case-closed"}
MUST_CONFIRM = {"af", "fk"}


def day_of(at: datetime) -> date:
    return at.astimezone(STOCKHOLM).date()


@dataclass
class Paper:
    """One consent as its person would explain it: who may tell whom what, how long, and what was taken back."""

    person: Person
    recorder: str
    content: dict[str, Any]
    vouched: dict[tuple[str, str, str], date] = field(default_factory=dict)
    taken_back: bool = False
    named_before: set[str] = field(default_factory=set)
    parties_out: set[str] = field(default_factory=set)
    categories_out: set[str] = field(default_factory=set)

    @property
    def consent_id(self) -> str:
        return str(self.content["consent_id"])

    @property
    def named(self) -> set[str]:
        """Whoever stands in this version or an earlier one, and so was told of it."""
        return self.named_before | {
            edge[side] for edge in self.content["edges"] for side in ("holder_authority", "recipient_authority")
        }

    def gives(self, holder: str, recipient: str, on: date) -> set[str]:
        content, given = self.content, set()
        first, last = date.fromisoformat(content["valid_from"]), date.fromisoformat(content["valid_to"])
        if self.taken_back or content.get("status") == "draft" or self.parties_out & {holder, recipient}:
            return set()
        if not first <= on <= last:
            return set()
        for edge in content["edges"]:
            if (edge["holder_authority"], edge["recipient_authority"]) == (holder, recipient):
                given |= {category for category in edge["categories"] if self._counts(holder, recipient, category, on)}
        for kept in content.get("excluded", ()):
            if kept.get("recipient_authority") in (None, recipient):
                given -= {kept["category"]} if "category" in kept else set(EVERYTHING)
        return given - self.categories_out

    def _counts(self, holder: str, recipient: str, category: str, on: date) -> bool:
        """Some authorities rely only on what they have seen themselves, for as long as they have said."""
        if holder not in MUST_CONFIRM or AUTHORITY[self.recorder] == holder:
            return True
        return self.vouched.get((holder, recipient, category), date.min) >= on

    def vouch(self, holder: str, content: dict[str, Any]) -> None:
        self.content = self.content | {"version": content["version"]}
        for edge in content["edges"]:
            if edge["holder_authority"] == holder and edge["confirmed_by_holder"]:
                for category in edge["categories"]:
                    until = date.fromisoformat(content["valid_to"])
                    self.vouched[holder, edge["recipient_authority"], category] = until


@dataclass
class Life:
    """One case: who must be responsible, which plan must be in force, what was asked for and what was sent."""

    case_id: str
    person: Person | None
    stadsdel: str | None = None
    jobbtorg: str | None = None
    pending: tuple[str, str] | None = None
    request: tuple[frozenset[str], date] | None = None
    proposals: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    in_force: dict[str, int] = field(default_factory=dict)
    approved: dict[str, int] = field(default_factory=dict)
    attempts: int = 0
    reports: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    received: set[str] = field(default_factory=set)
    ended_on: date | None = None

    def latest(self, plan_id: str) -> int:
        return max(self.proposals.get(plan_id, {0: []}))

    def activities(self, plan_id: str) -> list[str]:
        """The ids of the activities of the version approved last: under it is reported and corrected."""
        return self.proposals[plan_id][self.approved[plan_id]] if plan_id in self.approved else []


@dataclass(frozen=True)
class Told:
    """One copy: who tells whom what, in which message."""

    type: str
    purpose: str
    sender: str
    recipient: str
    claims: frozenset[tuple[str, str]]
    categories: frozenset[str]
    case_id: str | None
    person: Person | None
    consent_id: str | None
    accepted_on: date


@dataclass
class World:
    """All consents and cases of a run."""

    papers: dict[str, Paper] = field(default_factory=dict)
    lives: dict[str, Life] = field(default_factory=dict)
    forgotten: dict[str, Life] = field(default_factory=dict)

    def follow(self, type_name: str, sender: str, body: dict[str, Any], life: Life, on: date) -> None:
        """An accepted message of a case."""
        content = body["content"]
        match type_name:
            case "referral.submitted":
                request = content["reporting_request"]
                life.stadsdel, life.jobbtorg = sender, JOBBTORG_OF[sender]
                life.request = (frozenset(request["items"]), date.fromisoformat(request["until"]))
            case "appointment.missed":
                life.attempts += 1
            case "plan.proposed" | "finsam.joint-plan-recorded":
                rows = [row["activity_id"] for row in content.get("activities", ())]
                life.proposals.setdefault(content["plan_id"], {})[content["version"]] = rows
                if type_name.startswith("finsam"):  # agreed by those who sat at the table
                    self._approve(life, content)
            case "plan.decided" if content["decision"].startswith("approved"):
                self._approve(life, content)
            case "participation.restarted" if not content["plan_continues"]:
                life.in_force.pop(PLAN, None)  # the old plan is over, and the next one takes an approval of its own
            case "case.transferred":
                self._transfer(life, content)
            case "case.closed" | "finsam.case-closed":
                life.ended_on = on
                if "deceased" in (content.get("closing_reason"), content.get("finsam_close_reason")):
                    self._bury(life.person)

    def _approve(self, life: Life, content: dict[str, Any]) -> None:
        assert content["version"] in life.proposals[content["plan_id"]]
        life.in_force[content["plan_id"]] = life.approved[content["plan_id"]] = content["version"]

    def _transfer(self, life: Life, content: dict[str, Any]) -> None:
        given, taken = content["from_unit"], content["to_unit"]
        if content["step"] == "sent":
            life.pending = (given, taken)
            return
        assert life.pending == (given, taken)
        life.pending = None
        life.stadsdel = taken if life.stadsdel == given else life.stadsdel
        life.jobbtorg = taken if life.jobbtorg == given else life.jobbtorg

    def forget(self, person: Person) -> None:
        """The person is protected: no case and no paper is left of what was known."""
        gone = {case_id: life for case_id, life in self.lives.items() if life.person == person}
        self.forgotten |= gone
        self.lives = {case_id: life for case_id, life in self.lives.items() if case_id not in gone}
        self.papers = {name: paper for name, paper in self.papers.items() if paper.person != person}

    def _bury(self, person: Person | None) -> None:
        for paper in self.papers.values():
            paper.taken_back |= paper.person == person

    def record(self, person: Person, recorder: str, content: dict[str, Any]) -> None:
        earlier = self.papers.get(content["consent_id"])
        if earlier is not None and earlier.recorder != recorder:
            earlier.vouch(AUTHORITY[recorder], content)
            return
        paper = Paper(person, recorder, content)
        if earlier is not None:
            paper.named_before, paper.vouched = earlier.named, earlier.vouched
        self.papers[content["consent_id"]] = paper

    def withdraw(self, content: dict[str, Any]) -> None:
        paper = self.papers[content["consent_id"]]
        paper.taken_back |= content["scope"] in ("all", "void")
        paper.parties_out |= {AUTHORITY.get(name, name) for name in content.get("parties", ())}
        paper.categories_out |= set(content.get("categories") or ())

    def may_tell(self, told: Told, on: date) -> set[str]:
        """Every category that may be told on this day: by the person's word, or by what the law has for this pair."""
        holder, recipient = AUTHORITY[told.sender], AUTHORITY[told.recipient]
        return self._by_law(told, holder, recipient) | self.by_word(told, on)

    def by_word(self, told: Told, on: date) -> set[str]:
        """What the person's own word lets be told on this day."""
        holder, recipient = AUTHORITY[told.sender], AUTHORITY[told.recipient]
        papers = [each for each in self.papers.values() if each.person == told.person is not None]
        given = [each.gives(holder, recipient, on) for each in papers if each.content["purpose"] == told.purpose]
        return set().union(*given)

    def _by_law(self, told: Told, holder: str, recipient: str) -> set[str]:
        pair = (told.sender[:2], told.recipient[:2])
        claimed = {code for kind, code in told.claims if told.recipient.startswith(kind)}
        life = self.lives.get(told.case_id or "")
        found: set[str] = set()
        if holder == recipient and told.purpose in SAME_BOARD:
            found |= EVERYTHING
        if told.person is None and told.type in NAMELESS:
            found |= {"ST", "PL", "FN"}
        if pair == ("sd", "jt") and "OSL_10_2" in claimed and told.type in ON_OWN_NEED:
            found |= EVERYTHING
        if pair == ("sd", "sd") and "SOL_15_8" in claimed and told.type == "case.transferred":
            found |= {"ID", "ST"}
        if pair == ("jt", "sd") and "SOL_15_9" in claimed and told.purpose == "jobbtorg_planning":
            assert life is not None and life.request is not None
            items, until = life.request
            if told.accepted_on <= until:
                found |= {"ID", "ST"}.union(*[ON_REQUEST[item] for item in items])
        if told.purpose == "consent_administration":
            paper = self.papers.get(told.consent_id or "")
            found |= {"ID", "ST"} if paper is not None and recipient in paper.named else set()
        return found

    def may_receive(self, told: Told) -> bool:
        """Whether the recipient has anything to do with the matter."""
        life = self.lives.get(told.case_id or "")
        match told.purpose:
            case "consent_administration":
                paper = self.papers.get(told.consent_id or "")
                return paper is not None and AUTHORITY[told.recipient] in paper.named
            case "finsam_joint_planning":
                return told.recipient in SEATS
            case "case_transfer":
                return life is not None and told.recipient in {*known(life), *(life.pending or ())}
        return life is not None and (
            told.recipient in known(life) or (told.type == "attendance.corrected" and told.recipient in life.received)
        )


def known(life: Life | None) -> set[str]:
    return {unit for unit in (life.stadsdel, life.jobbtorg) if unit is not None} if life is not None else set()
