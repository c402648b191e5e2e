from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import sqlite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "hub.db"


@pytest.fixture
def store(path: Path) -> Iterator[sqlite.SqliteStore]:
    store = sqlite.SqliteStore.open(path)
    yield store
    store.close()
