"""The tables that all types share: legal bases, categories, the ceiling of each kind of recipient, and code lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.reference import names
from hub.reference.markdown import codes, heading, table
from routing.ceilings import CategoryText, Ceiling
from routing.rulebook import BasisRule, Rulebook
from schemas import bundle, tree

CONTENTS = (
    ("Legal bases", "bases"),
    ("Categories of information", "categories"),
    ("How far each category may reach", "ceiling"),
    ("Code lists", "codes"),
)


def read_code_lists(parts: Path) -> Mapping[str, tuple[str, ...]]:
    """Name -> codes of every shared list."""
    definitions = bundle.read(parts / "codes.json")["$defs"]
    return {
        name: tuple(map(str, definition["enum"]))
        for name, definition in sorted(definitions.items())
        if "enum" in definition
    }


def sections(rulebook: Rulebook, lists: Mapping[str, tuple[str, ...]], words: Mapping[str, str]) -> Iterator[str]:
    """The sections after the types, in the order of `CONTENTS`; `words` explain what a basis may need."""
    yield heading(2, "Legal bases", "bases")
    yield (
        "Each hop between two authorities is a disclosure (OSL 2009:400 8:1-2). The sender claims a basis for each "
        "kind of recipient; the hub tries whether the claim can hold. Which bases a type admits stands with its routes."
    )
    yield table(
        ("basis", "name", "statute", "can cover", "never", "between", "needs"),
        [_basis_row(basis, words) for basis in rulebook.bases.values()],
    )
    yield from _categories(rulebook)
    yield from _ceiling(rulebook)
    yield heading(2, "Code lists", "codes")
    yield "Wire values, never renamed. Lists that only one field uses stand with the field."
    yield "\n".join(f'- <a id="codes-{name}"></a>**{name}**: {codes(values)}' for name, values in lists.items())


def _basis_row(basis: BasisRule, words: Mapping[str, str]) -> tuple[str, ...]:
    needs = [words.get(need, names.in_words(need)) for need in basis.needs]
    if not basis.claimed:
        needs.append("the hub sees for itself that it holds")
    if not basis.enabled:
        needs.append("**switched off: refused**")
    needs += names.untold(basis, _TOLD_OF_BASES)
    sent, received = (
        "anyone" if kinds is None else names.kinds(kinds) for kinds in (basis.sender_kinds, basis.recipient_kinds)
    )
    return (
        f'<a id="basis-{basis.code}"></a>`{basis.code}`',
        basis.title_sv,
        basis.statute,
        "any" if basis.categories is None else " ".join(sorted(basis.categories)) or "nothing about a person",
        " ".join(sorted(basis.never)),
        f"{sent} → {received}",
        "; ".join(needs),
    )


_TOLD_OF_BASES = {
    *("code", "title_sv", "statute", "categories", "never", "sender_kinds", "recipient_kinds", "needs", "claimed"),
    "enabled",
}


def _categories(rulebook: Rulebook) -> Iterator[str]:
    yield heading(2, "Categories of information", "categories")
    yield "Every field has one. A facet is a part of a category that may be told where the rest may not."
    rows = [(f"`{entry.code}`", entry.title_sv, entry.covers_sv) for entry in rulebook.categories.values()]
    yield table(("category", "name", "covers"), rows)
    facets = rulebook.ceilings.facets.values()
    yield table(("facet", "covers"), [(f"`{facet.name}`", facet.covers_sv) for facet in facets])


def _ceiling(rulebook: Rulebook) -> Iterator[str]:
    kinds = [kind for kind in names.KINDS if kind in rulebook.ceilings.cells]
    kinds += sorted(set(rulebook.ceilings.cells) - set(kinds))
    yield heading(2, "How far each category may reach", "ceiling")
    yield (
        "The most that a kind of recipient may ever see, whatever a consent or another basis covers. "
        "**ja**: when a basis covers it. **del**: only these facets. **nej**: never through the hub. *finsam*: only "
        "for the purpose `finsam_joint_planning`. *egen*: only about the recipient's own activity."
    )
    rows = [
        (f"{entry.title_sv} ({entry.code})", *(_cell(rulebook, kind, entry) for kind in kinds))
        for entry in rulebook.categories.values()
    ]
    yield table(("category", *(names.kind(kind) for kind in kinds)), rows)


def _cell(rulebook: Rulebook, kind: str, category: CategoryText) -> str:
    if category.code == tree.MESSAGE_DATA:
        return "ja"
    cell = rulebook.ceilings.cells[kind].get(category.code)
    return "nej" if cell is None else _how_far(cell)


def _how_far(cell: Ceiling) -> str:
    reach = "ja" if cell.only is None else "del: " + ", ".join(sorted(cell.only))
    told = {"yes": reach, "finsam": f"{reach} (*finsam*)", "own": f"{reach} (*egen*)", "no": "nej"}[cell.when]
    if cell.whole_for:
        told += "; ja for " + codes(sorted(cell.whole_for))
    return "; ".join([told, *names.untold(cell, {"when", "only", "whole_for"})])
