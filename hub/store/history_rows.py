"""Readings, past rulebooks and past directories: rows to records and back, and the statements about them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import bindparam, delete, select

from hub.store import history_tables, rows
from hub.store.asking import Asking
from hub.store.history import SAMPLES_KEPT, RulebookDated, Sample, StoredDirectory, StoredRulebook

samples, rulebooks = history_tables.samples, history_tables.rulebooks
directories = history_tables.directories

FORGET_SAMPLES: Final = delete(samples).where(samples.c.at < bindparam("before"))
_SAMPLES: Final = select(*samples.c).where(samples.c.at >= bindparam("since")).order_by(samples.c.at, samples.c.process)
_DATED: Final = (
    select(rulebooks.c.digest, rulebooks.c.since)
    .order_by(rulebooks.c.since.desc(), rulebooks.c.digest)
    .limit(bindparam("limit"))
)
_RULEBOOK: Final = select(*rulebooks.c).where(rulebooks.c.digest == bindparam("of_digest"))
_DIRECTORIES: Final = select(*directories.c).order_by(directories.c.since)


def sample_to_values(sample: Sample) -> rows.Values:
    names = (str(column.name) for column in samples.c)  # SQLAlchemy's own kind of text is no key of JSON
    return {name: getattr(sample, name) for name in names} | {"at": rows.instant_to_cell(sample.at)}


def oldest_kept(written: list[Sample]) -> rows.Values:
    """For `FORGET_SAMPLES`, by the time of the newest reading that is written."""
    return {"before": rows.instant_to_cell(max(each.at for each in written) - SAMPLES_KEPT)}


def rulebook_to_values(rulebook: StoredRulebook) -> rows.Values:
    return {"digest": rulebook.digest, "since": rows.instant_to_cell(rulebook.since), "files": _packed(rulebook.files)}


def directory_to_values(directory: StoredDirectory) -> rows.Values:
    since = rows.instant_to_cell(directory.since)
    return {"since": since, "digest": directory.digest, "files": _packed(directory.files)}


def _packed(files: Mapping[str, str]) -> bytes:
    return zlib.compress(orjson.dumps(dict(files)), level=1)  # at each first start: soon done


class HistoryReading(Asking):
    """The part of a reader that knows the past; `history.HistoryReader` says what each answers."""

    def list_samples(self, since: datetime) -> list[Sample]:
        found = self._rows(_SAMPLES, {"since": rows.instant_to_cell(since)})
        return [Sample(process, rows.cell_to_instant(at), *rest) for at, process, *rest in found]

    def list_rulebooks(self, *, limit: int) -> list[RulebookDated]:
        return [RulebookDated(digest, rows.cell_to_instant(at)) for digest, at in self._rows(_DATED, {"limit": limit})]

    def find_rulebook(self, digest: str) -> StoredRulebook | None:
        found = self._rows(_RULEBOOK, {"of_digest": digest})
        if not found:
            return None
        _, since, files = found[0]
        return StoredRulebook(digest, rows.cell_to_instant(since), orjson.loads(zlib.decompress(files)))

    def list_directories(self) -> list[StoredDirectory]:
        return [
            StoredDirectory(digest, rows.cell_to_instant(since), orjson.loads(zlib.decompress(files)))
            for since, digest, files in self._rows(_DIRECTORIES)
        ]
