"""docs/reference/catalogue.md: who may tell whom what, for which purpose and on which basis, type by type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.reference import fields, law, names, rule_comments
from hub.reference.fields import Column, Field, Presence
from hub.reference.markdown import codes, heading, table
from routing import rulebook as rulebooks
from routing.rulebook import RecipientRule, Route, Rulebook, TypeRule
from schemas import registry
from schemas.registry import MessageType, Registry

HEAD = """\
# Catalogue of messages

Every type of message that the hub carries: who may send it, to whom, for which purpose, on which legal basis, and
which of its fields each kind of recipient can see at most. It gives the purposes, the categories of data and the
categories of recipients that a record of processing asks for (GDPR 2016/679 art. 30); the data subject is in every
case the person whom the case concerns. The authority that sends and the one that receives are each the controller
of their own processing.

The page is written from the schemas and the rules by `scripts/write_reference.py`, and a test compares it with them:
what is not here is refused. The hub decides by the same rules. [The lifecycle](lifecycle.md) shows the states of a
case, [refusal codes](refusal-codes.md) what a refusal means, [the law in short](../explanation/law.md) why the rules
are as they are. Names of types, fields and categories are in Swedish, as handläggare read them.

How to read the tables of fields:

- **required**: `yes` always there; `inside` there whenever the object or element that holds it is given; empty:
  optional. A schema may ask for more in certain cases.
- **ja / del / nej**: what a kind of recipient can see of the field *at most*: all of it; some (only the elements of
  certain categories, about the recipient itself, or of its own activity); nothing. A legal basis or a consent that
  covers less takes more away, message by message; nothing ever adds.
- `*` in a pointer stands for each element of a list. A category with a word after it, as in BE (flag), is a part that
  may be told where the rest may not.
"""


@dataclass(frozen=True, slots=True)
class Sources:
    """All that the page is written from."""

    rulebook: Rulebook
    registry: Registry
    rules: Path
    parts: Path

    @property
    def words(self) -> Mapping[str, str]:
        return rule_comments.read_words(self.rules, "types*.toml")


def packaged() -> Sources:
    """The rules and schemas as they are delivered."""
    return Sources(rulebooks.load(), registry.packaged(), rulebooks.FOLDER, registry.PACKAGED / "parts")


def render(sources: Sources) -> str:
    """The whole page."""
    groups = _groups(sources)
    lists = law.read_code_lists(sources.parts)
    writer = _TypeWriter(sources.rulebook, sources.words, {values: name for name, values in lists.items()})
    parts = [HEAD, _contents(groups, sources.rulebook)]
    parts += _common_fields([entry for group in groups.values() for entry in group], writer)
    for title, types in groups.items():
        parts.append(heading(2, title, _group_anchor(title)))
        parts += [part for entry in types for part in writer.write(entry)]
    parts += law.sections(sources.rulebook, lists, rule_comments.read_words(sources.rules, "bases.toml"))
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _groups(sources: Sources) -> Mapping[str, list[MessageType]]:
    """Every version of every type, under the headings of the rule files and in their order, the newest first."""
    versions: dict[str, list[MessageType]] = {}
    for entry in sources.registry.list_types():
        versions.setdefault(entry.name, []).insert(0, entry)
    groups: dict[str, list[MessageType]] = {}
    for group in rule_comments.read_groups(sources.rules):
        types = [entry for name in group.types for entry in versions.pop(name, [])]
        if types:
            groups.setdefault(group.title, []).extend(types)
    if versions:
        groups["Types without a rule"] = [entry for entries in versions.values() for entry in entries]
    return groups


def _group_anchor(title: str) -> str:
    return "group-" + "-".join(title.lower().split())


def type_anchor(entry: MessageType) -> str:
    return f"{entry.name}-{entry.version}"


def _contents(groups: Mapping[str, list[MessageType]], rulebook: Rulebook) -> str:
    parts = [heading(2, "Contents", "contents")]
    for title, types in groups.items():
        rows = [_contents_row(entry, rulebook.find_type(entry.name)) for entry in types]
        parts.append(f"**[{title}](#{_group_anchor(title)})**")
        parts.append(table(("message", "type", "purposes", "categories", "from", "to"), rows))
    links = [("Fields that every message has", "handling"), *law.CONTENTS]
    parts.append("Beside the types: " + ", ".join(f"[{text}](#{anchor})" for text, anchor in links) + ".")
    return "\n\n".join(parts)


def _contents_row(entry: MessageType, rule: TypeRule | None) -> Sequence[str]:
    routes = rule.routes if rule else ()
    purposes = dict.fromkeys(names.purpose(route.purpose) for route in routes)
    recipients = {kind for route in routes for kind in route.recipients}
    return (
        f"[{entry.title_sv}](#{type_anchor(entry)})",
        f"`{entry.name}` {entry.version}",
        "; ".join(purposes),
        " ".join(sorted(rule.categories)) if rule else "",
        names.kinds(rule.senders) if rule else "",
        names.kinds(recipients),
    )


def _common_fields(types: Sequence[MessageType], writer: _TypeWriter) -> Iterator[str]:
    """`handling` once for all types that have it alike, instead of in every table."""
    alike: dict[tuple[tuple[str, Presence], ...], list[MessageType]] = {}
    for entry in types:
        shape = tuple((field.pointer, field.presence) for field in writer.handling(entry))
        alike.setdefault(shape, []).append(entry)
    yield heading(2, "Fields that every message has", "handling")
    yield (
        "Facts about the message itself (category MD). They say nothing about the person and are seen by every "
        "recipient, but for the list of recipients in `to`, which only the sender sees."
    )
    for entries in sorted(alike.values(), key=len, reverse=True):
        if len(alike) > 1:
            longest = len(entries) == max(map(len, alike.values()))
            yield "Most types:" if longest else "In " + codes(dict.fromkeys(each.name for each in entries)) + ":"
        rows = [writer.field_row(field)[:3] + writer.field_row(field)[4:] for field in writer.handling(entries[0])]
        yield table(("field", "name", "holds", "required"), rows)


@dataclass(frozen=True, slots=True)
class _TypeWriter:
    rulebook: Rulebook
    words: Mapping[str, str]
    lists: Mapping[tuple[str, ...], str]

    def handling(self, entry: MessageType) -> list[Field]:
        return [field for field in fields.list_fields(entry) if field.pointer.startswith("/handling/")]

    def write(self, entry: MessageType) -> Iterator[str]:
        rule = self.rulebook.find_type(entry.name)
        yield heading(3, entry.title_sv, type_anchor(entry))
        yield f"`{entry.name}`, version {entry.version}: {entry.title_en}. {entry.description_en}"
        if rule is None:
            yield "No rule lets this type through."
            return
        yield "\n".join(f"- {line}" for line in self._facts(rule))
        yield table(
            ("route", "purpose", "from", "to", "found", "legal bases, tried in this order", "case"),
            [
                self._route_row(number, rule, route, kinds)
                for number, route in enumerate(rule.routes, start=1)
                for kinds in _alike(route)
            ],
        )
        yield self._field_table(entry)

    def _facts(self, rule: TypeRule) -> Iterator[str]:
        if rule.reserved:
            yield "Reserved: nobody sends it. What it would say stands in the answer to the call."
        else:
            yield f"Sent by {names.kinds(rule.senders)}."
        yield f"May carry {self._categories(sorted(rule.categories))}."
        yield {
            "required": "Belongs to a case that exists.",
            "optional": "May belong to a case.",
            "absent": "Names no case.",
        }[rule.subject] + (f" Begins {_OPENED[rule.opens]}." if rule.opens else "")
        if rule.registers:
            yield f"Changes the registry of consents ({rule.registers})."
        if rule.checks:
            yield "Checked beside the schema: " + "; ".join(self._meaning(check) for check in rule.checks) + "."
        if rule.warns:
            yield "Warns, and refuses nothing: " + "; ".join(self._meaning(name) for name in rule.warns) + "."
        if rule.field_lists:
            yield f"Its fields are those of a statute; these states of it count: {', '.join(rule.field_lists)}."
        if not rule.free_text:
            yield "No text in words is taken."
        if rule.uniform:
            yield "Gives one receipt, whether anybody is known behind the number or not."
        for kind, code in sorted(rule.refused_senders.items()):
            yield f"From {names.kind(kind)}: refused with [`{code}`](refusal-codes.md)."
        yield from (f"Also: {text}." for text in names.untold(rule, _TOLD_OF_TYPES))

    def _meaning(self, word: str) -> str:
        return f"{self.words.get(word) or names.in_words(word)} (`{word}`)"

    def _categories(self, found: Sequence[str]) -> str:
        titles = self.rulebook.categories
        named = [f"{titles[code].title_sv} ({code})" if code in titles else code for code in found]
        return ", ".join(named) or "no information about a person"

    def _route_row(self, number: int, rule: TypeRule, route: Route, kinds: Sequence[str]) -> Sequence[str]:
        recipient = route.recipients[kinds[0]]
        purpose = f"{names.purpose(route.purpose)} (`{route.purpose}`)"
        if route.when:
            purpose += ", when " + names.condition(route.when)
        found = [self.words.get(recipient.found, names.in_words(recipient.found))]
        if recipient.own is not None:
            found.append(f"about its own activity ({names.in_words(recipient.own)})")
        if recipient.authority is not None:
            found.append(f"handed on by the sender, for the authority `{recipient.authority}`")
        if route.seats_from is not None and recipient.found == "seat":
            found.append(f"of the seats wished for in `{route.seats_from}`")
        found += names.untold(recipient, _TOLD_OF_RECIPIENTS)
        bases = ", ".join(f"[{code}](#basis-{code})" for code in recipient.bases)
        senders = names.kinds(route.senders or rule.senders)
        return str(number), purpose, senders, names.kinds(kinds), "; ".join(found), bases, self._states(route)

    def _states(self, route: Route) -> str:
        told = [self._move(name) for name in route.moves]
        if not route.moves and (route.within or route.within_finsam):
            told.append("taken in " + codes(sorted(route.within | route.within_finsam)) + ", which stays")
        told += names.untold(route, _TOLD_OF_ROUTES)
        return "; ".join(told) or "any state, which stays"

    def _move(self, name: str) -> str:
        step = self.rulebook.lifecycle.transitions[name]
        source = codes(sorted(step.source)) or "no case"
        target = f"`{step.target}`" if step.target else "stays"
        return f"[{name}](lifecycle.md#{name}): {source} → {target}"

    def _field_table(self, entry: MessageType) -> str:
        shown = [field for field in fields.list_fields(entry) if not field.pointer.startswith("/handling/")]
        columns = fields.list_columns(self.rulebook, entry, shown)
        rows = [
            (*self.field_row(field), *(column.sights[index] for column in columns)) for index, field in enumerate(shown)
        ]
        heads = [_column_head(column, columns) for column in columns]
        return table(("field", "name", "holds", "category", "required", *heads), rows)

    def field_row(self, field: Field) -> tuple[str, ...]:
        category = field.category or "by element: " + " ".join(field.by_element)
        facets = f" ({', '.join(field.facets)})" if field.facets else ""
        return (
            f"`{field.pointer}`",
            str(field.schema.get("title", "")),
            fields.describe_form(field, self.lists),
            category + facets,
            field.presence.value,
        )


_OPENED = {"case": "a case", "finsam": "a FINSAM case"}
_TOLD_OF_TYPES = {
    *("name", "title_sv", "senders", "subject", "categories", "routes", "refused_senders", "checks", "opens"),
    *("registers", "warns", "uniform", "reserved", "field_lists", "free_text"),
}
_TOLD_OF_ROUTES = {"purpose", "rows", "recipients", "when", "senders", "moves", "within", "within_finsam", "seats_from"}
_TOLD_OF_RECIPIENTS = {"kind", "found", "bases", "sees", "own", "authority"}


def _alike(route: Route) -> list[list[str]]:
    """The kinds of recipient that one route treats alike, together."""
    found: dict[tuple[object, ...], list[str]] = {}
    for kind, rule in route.recipients.items():
        found.setdefault(_treatment(rule), []).append(kind)
    return list(found.values())


def _treatment(rule: RecipientRule) -> tuple[object, ...]:
    return rule.found, rule.bases, rule.sees, rule.own, rule.authority, *names.untold(rule, _TOLD_OF_RECIPIENTS)


def _column_head(column: Column, columns: Sequence[Column]) -> str:
    """The kinds of a column; with their routes where another column has the same kind on another route."""
    elsewhere = {kind for other in columns if other is not column for kind, _ in other.readers}
    routes: dict[str, list[str]] = {}
    for kind, number in column.readers:
        routes.setdefault(kind, []).append(str(number))
    return ", ".join(
        names.kind(kind) + (f" (route {', '.join(numbers)})" if kind in elsewhere else "")
        for kind, numbers in routes.items()
    )
