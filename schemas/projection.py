"""One recipient's copy of a message: what its view has, its cover allows and concerns it, or nothing at all.

Two things take fields away. The ceiling (`views`) does so for a kind of recipient: such fields are no part of
its view. Lack of cover (no basis for a category toward this recipient) does so for one message: when a field
that the view requires falls by it, the object that holds it falls too, and when that reaches the root the
recipient is refused rather than sent a torso. The sender is told what was withheld; the copy itself shows
nothing of it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from schemas import fault_details, registry, tree, views
from schemas.frozen import dataclass

Allowed = views.Allowed

# Covers are sets of at most twenty categories that come from consents: few in practice, but the number is not
# ours.
_MOST_PLANS = 4096


@dataclass(frozen=True, slots=True)
class Projection:
    """The copy and what it cost. All pointers are into `data` and hold no values.

    `data` is None when the recipient is refused; `missing` then names the required fields that were lost (a
    list that lost all its elements by its own pointer). `withheld` names each thing that the original has and
    the copy lacks once, as high up as it is gone altogether. `lacking` are the categories whose lack of cover
    removed something, `carried` those that the copy carries, without MD. The copy shares parts with the
    original: change neither.
    """

    data: dict[str, Any] | None
    withheld: tuple[str, ...]
    missing: tuple[str, ...]
    lacking: frozenset[str]
    carried: frozenset[str]


def derive_view(message_type: registry.MessageType, allowed: Allowed, sees: Sequence[str] | None) -> View:
    """The view of one kind of recipient for one purpose; keep it, compiling costs milliseconds.

    `sees` are pointers under /content, "*" for items, each standing for itself and all below; None is all of
    the content. `handling` and `person` are governed by `allowed` alone.
    """
    return View(message_type, views.cut(message_type.root, allowed, sees))


class View:
    """What one kind of recipient may see at most, ready to be applied to messages. Safe to share between threads."""

    def __init__(self, message_type: registry.MessageType, root: views.ObjectView) -> None:
        self.message_type = message_type
        self.root = root
        self._plans: dict[frozenset[str], _ObjectStep] = {}

    @functools.cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the copies: self-contained, forbidden fields absent. Every copy is valid against it."""
        return views.write_schema(self.root)

    @functools.cached_property
    def _validator(self) -> Any:
        return registry.compile_validator(self.schema)

    def project(
        self,
        data: Mapping[str, Any],
        covered: frozenset[str],
        *,
        party: frozenset[str],
        recipient_kind: str,
        present: frozenset[str] | None = None,
    ) -> Projection:
        """The copy for `party`: what it may be called, its authority's id and those of its units. `data` is valid;
        `covered` are the categories that have a basis.

        `present` are the categories in `data`, for who has them already: a copy that lacks nothing carries the same.
        """
        step = self._plans.get(covered) or self._compile(covered)
        run = _Run(party)
        copy = step.apply(data, "", run)
        missing: Sequence[str] = run.missing
        if copy is not None and run.withheld:
            # Only conditions can still be broken here: what they require may have fallen without the object
            # falling.
            missing = self._broken_conditions(copy)
        if copy is None or missing:
            return Projection(None, (), tuple(missing), frozenset(run.lacking), frozenset())
        carried = self.message_type.categories_in(copy) if present is None or run.withheld else present
        copy["handling"] = _rewrite_handling(copy["handling"], carried, recipient_kind)
        return Projection(copy, tuple(run.withheld), (), frozenset(run.lacking), carried)

    def _compile(self, covered: frozenset[str]) -> _ObjectStep:
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        step = _compile_root(self.root, covered)
        self._plans[covered] = step
        return step

    def _broken_conditions(self, copy: dict[str, Any]) -> tuple[str, ...]:
        handling = {name: value for name, value in copy["handling"].items() if name not in views.SENDERS_ONLY}
        judged = {**copy, "handling": handling}
        if self._validator.is_valid(judged):
            return ()
        return tuple(sorted({fault_details.describe(error)[0] for error in self._validator.iter_errors(judged)}))


def _rewrite_handling(handling: Mapping[str, Any], carried: frozenset[str], recipient_kind: str) -> dict[str, Any]:
    """Who else gets the message, on which basis, and what they get, is none of this recipient's business."""
    copy = {name: value for name, value in handling.items() if name not in views.SENDERS_ONLY}
    copy["categories"] = sorted(carried)
    copy["basis"] = [claim for claim in handling["basis"] if claim["recipient_kind"] == recipient_kind]
    return copy


class _Run:
    """What is gathered while one message is cut."""

    __slots__ = ("lacking", "missing", "party", "withheld")

    def __init__(self, party: frozenset[str]) -> None:
        self.party = party
        self.withheld: list[str] = []
        self.missing: list[str] = []
        self.lacking: set[str] = set()


class _ObjectStep:
    """How an object is cut. `apply` gives None when the object falls.

    `keep` are properties taken as they are, `uncovered` falls with the category it lacks, `walk` needs a look
    inside; any other property is above the ceiling.
    """

    __slots__ = ("admitted", "covered", "default", "keep", "name", "required", "uncovered", "walk")

    def __init__(self, view: views.ObjectView, covered: frozenset[str]) -> None:
        self.keep: set[str] = set()
        self.uncovered: dict[str, str] = {}
        self.walk: dict[str, _Step] = {}
        self.required = view.required
        self.name = view.source.category_from
        self.default = view.source.category_default
        self.admitted = view.admitted
        self.covered = covered
        for name, child in view.properties.items():
            self._sort_in(name, child)

    def _sort_in(self, name: str, child: views.NodeView) -> None:
        leaf = _leaf_of(child)
        if leaf is None:
            if views.is_whole(child) and _categories_of(child) <= self.covered:
                self.keep.add(name)
            else:
                self.walk[name] = _compile(child, self.covered)
        elif leaf.category is None or leaf.category == tree.MESSAGE_DATA or leaf.category in self.covered:
            self.keep.add(name)
        else:
            self.uncovered[name] = leaf.category

    def apply(self, value: Any, pointer: str, run: _Run) -> dict[str, Any] | None:
        if self.name is not None and not self._is_shown(value, pointer, run):
            return None
        copy: dict[str, Any] = {}
        lost = False
        for name, child in value.items():
            if name in self.keep:
                copy[name] = child
            elif name in self.walk:
                lost |= self._apply_walk(name, child, pointer, run, copy)
            else:
                lost |= self._withhold(name, pointer, run)
        return None if lost else copy

    def _is_shown(self, value: Any, pointer: str, run: _Run) -> bool:
        category = value.get(self.name, self.default)
        if category not in self.admitted:
            return False
        if category not in self.covered:
            run.lacking.add(category)
            return False
        return True

    def _apply_walk(self, name: str, child: Any, pointer: str, run: _Run, copy: dict[str, Any]) -> bool:
        """Cuts one property. True when it was required and fell."""
        place = f"{pointer}/{name}"
        withheld, missing = len(run.withheld), len(run.missing)
        result = self.walk[name].apply(child, place, run)
        is_required = name in self.required
        if result or (result is not None and (is_required or not child)):
            copy[name] = result
            return False
        if result is not None:
            # Nothing is left of something optional: then it is not there.
            is_required = False
        del run.withheld[withheld:]
        run.withheld.append(place)
        if not is_required:
            del run.missing[missing:]
        elif len(run.missing) == missing:
            run.missing.append(place)
        return is_required

    def _withhold(self, name: str, pointer: str, run: _Run) -> bool:
        """Leaves one property out. True when the view requires it."""
        place = f"{pointer}/{name}"
        run.withheld.append(place)
        category = self.uncovered.get(name)
        if category is None:
            return False
        run.lacking.add(category)
        if name not in self.required:
            return False
        run.missing.append(place)
        return True


class _ArrayStep:
    """How a list of objects is cut, element by element. `apply` gives None when fewer are left than the schema asks."""

    __slots__ = ("item", "least", "party_from")

    def __init__(self, view: views.ArrayView, covered: frozenset[str]) -> None:
        source = view.items.source
        self.party_from = source.party_from if isinstance(source, tree.ObjectNode) else ()
        self.item = _compile(view.items, covered)
        self.least = view.source.min_items

    def apply(self, value: Any, pointer: str, run: _Run) -> list[Any] | None:
        copy = []
        for index, item in enumerate(value):
            place = f"{pointer}/{index}"
            withheld, missing = len(run.withheld), len(run.missing)
            result = self.item.apply(item, place, run) if self._concerns(item, run.party) else None
            if result or (result is not None and not item):
                copy.append(result)
                continue
            del run.withheld[withheld:]
            del run.missing[missing:]
            run.withheld.append(place)
        return copy if len(copy) >= self.least else None

    def _concerns(self, item: Any, party: frozenset[str]) -> bool:
        """An element that names no authority concerns everybody; one that names some concerns those."""
        if not self.party_from:
            return True
        named = [item[name] for name in self.party_from if name in item]
        return not named or not party.isdisjoint(named)


_Step = _ObjectStep | _ArrayStep


def _compile(view: views.NodeView, covered: frozenset[str]) -> _Step:
    match view:
        case views.ObjectView():
            return _ObjectStep(view, covered)
        case views.ArrayView():
            return _ArrayStep(view, covered)
        case views.LeafView():
            raise AssertionError("leaves and lists of leaves are sorted in by the object that holds them")


def _compile_root(view: views.ObjectView, covered: frozenset[str]) -> _ObjectStep:
    """The step for a whole message. `handling` is rewritten afterwards, so it passes here as it is."""
    step = _ObjectStep(view, covered)
    step.walk.pop("handling", None)
    step.keep.add("handling")
    return step


def _leaf_of(view: views.NodeView) -> tree.LeafNode | None:
    """The leaf of a scalar or of a list of scalars: such a list stays or falls as one."""
    while isinstance(view, views.ArrayView):
        view = view.items
    return view.source if isinstance(view, views.LeafView) else None


def _categories_of(view: views.NodeView) -> frozenset[str | None]:
    found = frozenset(leaf.category for _pointer, leaf, _required in tree.walk(view.source))
    return found - {tree.MESSAGE_DATA}
