"""Whether the rules and the schemas speak of the same messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from routing import ceilings, vocabulary
from routing.rule_files import Place, RuleFault
from routing.rulebook import Rulebook, TypeRule
from schemas import registry as registries


def check_coverage(rulebook: Rulebook, registry: registries.Registry) -> Iterator[RuleFault]:
    """Types with a schema and no row."""
    for name in sorted({version.name for version in registry.list_types()} - set(rulebook.types)):
        yield Place("types.toml", f"type[{name}]").fault("the schema has no row")


def check_type(rule: TypeRule, rulebook: Rulebook, registry: registries.Registry, place: Place) -> Iterator[RuleFault]:
    """What a row says that no served version of its schema has, or the opposite."""
    versions = [version for version in registry.list_types() if version.name == rule.name]
    if not versions:
        yield place.fault("the row has no schema")
        return
    leaves = [leaf for version in versions for leaf in version.leaves]
    for version in versions:
        yield from _check_required(rule, rulebook, version, place)
    yield from _check_categories(rule, leaves, place)
    unknown = {facet for leaf in leaves for facet in leaf.facets} - set(rulebook.ceilings.facets)
    for facet in sorted(unknown):
        yield place.fault(f"the schema has the facet {facet!r}, which categories.toml does not know")
    yield from check_field_lists(rule.name, rule.field_lists, registry, place.inside("field_lists"))
    pointers = [leaf.pointer for leaf in leaves]
    for where, pointer in _named_pointers(rule, rulebook, place):
        if not _is_in(pointer, pointers):
            yield where.fault(f"the schema has no {pointer}")


def check_field_lists(
    name: str, lists: Iterable[str], registry: registries.Registry, place: Place
) -> Iterator[RuleFault]:
    """States of a list of fields that no served version of the schema follows."""
    contents = [each.document["properties"]["content"] for each in registry.list_types() if each.name == name]
    served = {each.get("properties", {}).get("list_version", {}).get("const") for each in contents}
    for wanted in lists:
        if wanted not in served:
            yield place.fault(f"no served schema follows {wanted!r}")


def _check_categories(rule: TypeRule, leaves: Iterable[registries.Leaf], place: Place) -> Iterator[RuleFault]:
    place = place.inside("categories")
    found = {leaf.category for leaf in leaves}
    said = rule.categories | {vocabulary.MESSAGE_DATA}
    for category in sorted(category for category in found if category is not None and category not in said):
        yield place.fault(f"the schema has {category}, the row does not")
    # Where a field of the message names the category of others, the schema alone cannot say which may occur.
    if None not in found:
        for category in sorted(rule.categories - {category for category in found if category}):
            yield place.fault(f"the row has {category}, the schema does not")


def _check_required(
    rule: TypeRule, rulebook: Rulebook, version: registries.MessageType, place: Place
) -> Iterator[RuleFault]:
    """Recipients whose ceiling takes away a field that every message has, so that none could ever reach them."""
    always = [leaf for leaf in version.leaves if leaf.required and _is_of_the_content(leaf.pointer)]
    for route in rule.routes:
        for recipient in route.recipients.values():
            allowed = rulebook.allowed(recipient.kind, route.purpose, own=recipient.own is not None)
            where = place.inside(f"route[{route.purpose}].to.{recipient.kind}")
            for leaf in always:
                if _is_seen(leaf, recipient.sees) and not _is_admitted(leaf, allowed):
                    yield where.fault(f"{leaf.pointer} ({version.version}) is required and above its ceiling")


def _is_of_the_content(pointer: str) -> bool:
    """True for a field that stands in the content itself, not in an object or a list within it."""
    return pointer.startswith("/content/") and pointer.count("/") == len(("content", "field"))


def _is_seen(leaf: registries.Leaf, sees: tuple[str, ...] | None) -> bool:
    return sees is None or any(leaf.pointer == pointer or leaf.pointer.startswith(pointer + "/") for pointer in sees)


def _is_admitted(leaf: registries.Leaf, allowed: ceilings.Allowed) -> bool:
    if leaf.category is None:
        return True
    if leaf.category not in allowed:
        return False
    facets = allowed[leaf.category]
    return facets is None or not facets.isdisjoint(leaf.facets)


def _named_pointers(rule: TypeRule, rulebook: Rulebook, place: Place) -> Iterator[tuple[Place, str]]:
    for route in rule.routes:
        where = place.inside(f"route[{route.purpose}]")
        yield from ((where.inside("when"), pointer) for pointer in route.when)
        if route.seats_from is not None:
            yield where.inside("seats_from"), route.seats_from
        for recipient in route.recipients.values():
            sees = where.inside(f"to.{recipient.kind}.sees")
            yield from ((sees, pointer) for pointer in recipient.sees or ())
        for move in route.moves:
            step = Place("lifecycle.toml", f"transition[{move}].when")
            yield from ((step, pointer) for pointer in rulebook.lifecycle.transitions[move].when)


def _is_in(pointer: str, leaves: Iterable[str]) -> bool:
    return any(leaf == pointer or leaf.startswith(pointer + "/") for leaf in leaves)
