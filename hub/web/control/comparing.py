"""Two rulebooks held against each other: every decision that would change. The same as `samverkan rules diff`, and with
every rulebook that was ever in force."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.web_request import FileField

from hub.api.keys import hub_of
from hub.service import Hub
from hub.web import frame, times
from hub.web.control import showing
from hub.web.naming import Naming
from routing import matrix, rulebook
from routing.matrix import Difference
from routing.rule_files import RulesBroken
from routing.rulebook import Rulebook
from routing.situation import day_in_stockholm

MOST_SHOWN: Final = 300
_MOST_FILES: Final = 40
_MOST_KEPT: Final = 50
_FILE_NAME: Final = re.compile(r"[a-z0-9_-]{1,40}\.toml")
_FIXED: Final = ("now", "disk", "packaged", "files")
_USUAL: Final = {"old": "now", "new": "disk"}
KIND: Final = {"opened": "warn", "closed": "ok", "changed": "info"}


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs, as the page shows it; `ways` may be cut."""

    ways: Sequence[Difference]
    steps: Sequence[str]
    counts: Mapping[str, int]

    @property
    def is_cut(self) -> bool:
        return sum(self.counts.values()) > len(self.ways)


async def show_form(request: web.Request) -> web.StreamResponse:
    """Which two. What a reload would bring against what is in force, unless the address says otherwise."""
    sources = await _sources(request)
    return _page(request, sources, {name: _chosen(request, name, sources) for name in _USUAL})


def _chosen(request: web.Request, name: str, sources: Mapping[str, str]) -> str:
    given = request.query.get(name, "")
    if given == hub_of(request).rulebook.digest:
        return "now"
    return given if given in sources else _USUAL[name]


async def compare(request: web.Request) -> web.StreamResponse:
    """Nothing is taken into use, and uploaded files are gone with the answer."""
    form = await request.post()
    chosen = {name: str(form.get(name, "")) for name in _USUAL}
    hub, files = hub_of(request), _read_files(form.getall("files", []))
    sources = await _sources(request)
    if any(name not in sources for name in chosen.values()):
        return _page(request, sources, _USUAL, faults=["old, new"], status=422)
    try:
        books = [await _load(hub, chosen[name], files) for name in _USUAL]
    except RulesBroken as broken:
        faults = [str(fault) for fault in broken.faults][:MOST_SHOWN]
        is_empty = "files" in chosen.values() and not files
        return _page(request, sources, chosen, faults=faults, is_empty=is_empty, status=422)
    # Some seconds of pure reckoning: not on the loop that answers everybody else.
    return _page(request, sources, chosen, found=await asyncio.to_thread(_compare, hub, *books))


async def _sources(request: web.Request) -> dict[str, str]:
    """What can be chosen, with its words: also every rulebook that was in force before, by its digest."""
    hub, words = hub_of(request), frame.words_for(request)
    kept = await hub.store.ask(lambda: hub.reader.list_rulebooks(limit=_MOST_KEPT))
    before = {
        each.digest: words(
            "control.diff.sources.kept",
            day=times.day_in_words(day_in_stockholm(each.since), words),
            clock=times.clock(each.since, words),
            digest=each.digest.removeprefix("sha256:")[:12],
        )
        for each in kept
        if each.digest != hub.rulebook.digest
    }
    first, *rest = ((name, words(f"control.diff.sources.{name}")) for name in _FIXED)
    return dict([first, *before.items(), *rest])


async def _load(hub: Hub, source: str, files: Mapping[str, str]) -> Rulebook:
    """Raises `RulesBroken` with every fault."""
    match source:
        case "now":
            return hub.rulebook
        case "disk":
            return await asyncio.to_thread(rulebook.load, hub.settings.rules_dir)
        case "packaged":
            return await asyncio.to_thread(rulebook.load)
        case "files":
            return await asyncio.to_thread(_load_files, files)
        case digest:
            kept = await hub.store.ask(lambda: hub.reader.find_rulebook(digest))
            return await asyncio.to_thread(_load_files, kept.files if kept is not None else {})


def _read_files(given: Sequence[object]) -> dict[str, str]:
    """The rule files among what was uploaded, by name."""
    found = {}
    for each in given[:_MOST_FILES]:
        if isinstance(each, FileField) and _FILE_NAME.fullmatch(each.filename):
            found[each.filename] = each.file.read().decode("utf-8", errors="replace")
    return found


def _load_files(files: Mapping[str, str]) -> Rulebook:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / Path(name).name).write_text(text, "utf-8")
        return rulebook.load(Path(folder))


def _compare(hub: Hub, old: Rulebook, new: Rulebook) -> Compared:
    ways = list(matrix.compare(old, new, hub.registry))
    return Compared(ways[:MOST_SHOWN], list(matrix.compare_steps(old, new)), Counter(each.change for each in ways))


def _page(
    request: web.Request,
    sources: Mapping[str, str],
    chosen: Mapping[str, str],
    *,
    found: Compared | None = None,
    faults: Sequence[str] = (),
    is_empty: bool = False,
    status: int = 200,
) -> web.StreamResponse:
    hub = hub_of(request)
    values: dict[str, Any] = showing.common(request) | {"chosen": chosen, "found": found, "faults": faults}
    values["is_empty"] = is_empty
    return frame.page(
        request,
        "control/diff.html",
        status=status,
        **values,
        sources=sources,
        change_kind=KIND,
        n=Naming(hub, frame.words_for(request)),
    )
