"""The tutorial works as it is written: every block is run in order, and what it promises to show is shown."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.hub_process import HubProcess

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "tutorial" / "from-referral-to-work.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "=== block"


def list_blocks() -> Iterator[tuple[str, list[str]]]:
    """What to type, and what to see then."""
    found = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    for (kind, typed), (next_kind, shown) in pairwise(found):
        if kind == "sh":
            assert next_kind == "text"
            yield typed, shown.splitlines()


@pytest.mark.slow
def test_the_tutorial_shows_what_it_says(start_hub: Callable[..., HubProcess]) -> None:
    hub = start_hub()  # one of its own: the reader's hub knows nobody yet
    blocks = list(list_blocks())
    assert len(blocks) > 8
    script = "".join(f"{typed}\necho '{MARK}'\n" for typed, _ in blocks)
    environ = os.environ | {
        "SAMVERKAN_HUB": hub.url,
        "SAMVERKAN_DATA_DIR": str(hub.data_dir),
        "COLUMNS": "300",
        "PYTHONPATH": str(PROJECT),
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=PROJECT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=True,
        timeout=240,
    )
    for (typed, shown), output in zip(blocks, done.stdout.split(MARK), strict=False):
        missing = [words for words in shown if words not in output]
        assert not missing, f"{typed}\n{output}"
