"""What holds for every type, ceiling, cover and route."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import marks, projection, registry, tree

ALL = frozenset(marks.CATEGORIES)
# How fast a shared machine draws says nothing about what holds.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def project(
    message_type: registry.MessageType,
    data: Mapping[str, Any],
    *,
    allowed: projection.Allowed,
    covered: frozenset[str],
    party: str,
) -> projection.Projection:
    return projection.derive_view(message_type, allowed, None).project(
        data, covered, party=frozenset({party}), recipient_kind="jt"
    )


NAMES = sorted({entry.name for entry in registry.packaged().list_types()})


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A valid message: an example with optional parts taken away and categories of elements changed."""
    # Names, not types: Hypothesis prints what it drew, and a type is a whole tree.
    message_type = registry.packaged().get_type(draw(st.sampled_from(NAMES)))
    data = _thinned(draw, message_type.root, message_type.document["examples"][0])
    return message_type.name, data if message_type.faults(data) == () else message_type.document["examples"][0]


def _thinned(draw: st.DrawFn, node: tree.Node, value: Any) -> Any:
    match node:
        case tree.ObjectNode():
            kept = {
                name: _thinned(draw, node.properties[name], child)
                for name, child in value.items()
                if name in node.required or draw(st.integers(0, 3))
            }
            if node.category_from is not None:
                kept[node.category_from] = draw(st.sampled_from(node.properties[node.category_from].schema["enum"]))
            return kept
        case tree.ArrayNode():
            return [_thinned(draw, node.items, child) for child in value]
        case tree.LeafNode():
            return value


CATEGORY_SETS = st.frozensets(st.sampled_from(sorted(ALL))) | st.frozensets(
    st.sampled_from(sorted(ALL)), max_size=3
).map(lambda lacking: ALL - lacking)
CEILINGS = st.dictionaries(
    st.sampled_from(sorted(ALL)),
    st.none() | st.none() | st.frozensets(st.sampled_from(["flag", "name", "phone", "extent", "language"]), max_size=2),
    min_size=4,
)
PARTIES = st.sampled_from(["amn", "sdn-farsta", "af"])


def leaves_of(
    node: tree.Node, value: Any, pointer: str, category: str | None = None
) -> Iterator[tuple[str, str | None, frozenset[str], Any]]:
    """Template, category, facets and value of every leaf, found without the code under test."""
    match node:
        case tree.LeafNode():
            yield pointer, node.category or category, node.facets, value
        case tree.ArrayNode():
            for child in value:
                yield from leaves_of(node.items, child, f"{pointer}/*", category)
        case tree.ObjectNode():
            if node.category_from is not None:
                category = value.get(node.category_from, node.category_default)
            for name, child in value.items():
                yield from leaves_of(node.properties[name], child, f"{pointer}/{name}", category)


def count(message_type: registry.MessageType, data: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    rest = {name: value for name, value in data.items() if name != "handling"}
    return Counter((pointer, repr(value)) for pointer, _c, _f, value in leaves_of(message_type.root, rest, ""))


@st.composite
def routes(draw: st.DrawFn, name: str) -> tuple[str, ...] | None:
    message_type = registry.packaged().get_type(name)
    seen = sorted({leaf.pointer for leaf in message_type.leaves if leaf.pointer.startswith("/content/")})
    some = st.lists(st.sampled_from(seen), max_size=8).map(tuple)
    return draw(st.none() | some)


@UNHURRIED
@given(messages(), CEILINGS, CATEGORY_SETS, PARTIES, st.data())
def test_a_copy_fits_its_view_and_holds_nothing_forbidden(
    message: tuple[str, dict[str, Any]],
    allowed: dict[str, frozenset[str] | None],
    covered: frozenset[str],
    party: str,
    data: st.DataObject,
) -> None:
    name, original = message
    message_type = registry.packaged().get_type(name)
    sees = data.draw(routes(name))
    view = projection.derive_view(message_type, allowed, sees)

    found = view.project(original, covered, party=frozenset({party}), recipient_kind="sd")

    if found.data is None:
        assert found.missing
        return
    assert registry.compile_validator(view.schema).is_valid(found.data)
    for pointer, category, facets, _value in leaves_of(message_type.root, found.data, ""):
        assert category is not None
        if category == tree.MESSAGE_DATA:
            continue
        assert category in covered
        assert category in allowed
        granted = allowed[category]
        assert granted is None or granted & facets
        if pointer.startswith("/content/") and not pointer.endswith("/category") and sees is not None:
            assert any(pointer == seen or pointer.startswith(seen + "/") for seen in sees)
    assert found.carried == message_type.categories_in(found.data) <= covered
    assert count(message_type, found.data) <= count(message_type, original)


@UNHURRIED
@given(messages(), CEILINGS, CATEGORY_SETS, PARTIES)
def test_what_is_not_in_the_copy_is_reported(
    message: tuple[str, dict[str, Any]],
    allowed: dict[str, frozenset[str] | None],
    covered: frozenset[str],
    party: str,
) -> None:
    name, original = message
    message_type = registry.packaged().get_type(name)
    found = project(message_type, original, allowed=allowed, covered=covered, party=party)
    if found.data is None:
        return

    rest: Any = {name: value for name, value in original.items() if name != "handling"}
    gone: Counter[tuple[str, str]] = Counter()
    for pointer in found.withheld:
        node: tree.Node = message_type.root
        value, template = rest, ""
        for step in pointer.split("/")[1:]:
            if isinstance(node, tree.ArrayNode):
                node, value, template = node.items, value[int(step)], f"{template}/*"
            else:
                assert isinstance(node, tree.ObjectNode)
                node, value, template = node.properties[step], value[step], f"{template}/{step}"
        gone.update((place, repr(leaf)) for place, _c, _f, leaf in leaves_of(node, value, template))
    assert count(message_type, found.data) + gone == count(message_type, original)
    assert len(set(found.withheld)) == len(found.withheld)


@UNHURRIED
@given(messages(), CEILINGS, CATEGORY_SETS, CATEGORY_SETS, PARTIES)
def test_more_cover_never_takes_anything_away(
    message: tuple[str, dict[str, Any]],
    allowed: dict[str, frozenset[str] | None],
    covered: frozenset[str],
    more: frozenset[str],
    party: str,
) -> None:
    name, original = message
    message_type = registry.packaged().get_type(name)
    less = project(message_type, original, allowed=allowed, covered=covered, party=party)
    wide = project(message_type, original, allowed=allowed, covered=covered | more, party=party)

    if less.data is not None:
        assert wide.data is not None
        assert count(message_type, less.data) <= count(message_type, wide.data)
