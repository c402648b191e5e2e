import sys
from pathlib import Path

import pytest

from hub import large_pages

PAGE = 0x200000
MAP = """\
55d0c0000000-55d0c0400000 r-xp 00000000 08:01 1234 /usr/bin/python3.11
55d0c1000000-55d0c1900000 rw-p 00000000 00:00 0 [heap]
7f0000100000-7f0000700000 rw-p 00000000 00:00 0
7f0001000000-7f0001400000 rw-p 00000000 08:01 77 /var/lib/some file.so
7f0002000000-7f0002400000 rw-s 00000000 00:05 78
7f0003000000-7f00031ff000 rw-p 00000000 00:00 0
7ffd00000000-7ffd00800000 rw-p 00000000 00:00 0 [stack]
"""


def test_only_whole_pages_of_the_process_own_memory_are_gathered() -> None:
    heap = [(0x55D0C1000000 + PAGE * number, PAGE) for number in range(4)]
    mapped = [(0x7F0000200000 + PAGE * number, PAGE) for number in range(2)]
    assert large_pages.list_whole(MAP, PAGE) == heap + mapped


def test_where_the_administrator_wants_none_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "enabled").write_text("always madvise [never]\n")
    (tmp_path / "hpage_pmd_size").write_text(f"{PAGE}\n")
    monkeypatch.setattr(large_pages, "_SETTINGS", tmp_path)
    monkeypatch.setattr(large_pages, "_collapse", len)
    monkeypatch.setattr(large_pages, "_MAP", tmp_path / "maps")
    (tmp_path / "maps").write_text(MAP)
    assert large_pages.gather() == 0
    (tmp_path / "enabled").write_text("always [madvise] never\n")
    assert large_pages.gather() == (6 if sys.platform == "linux" else 0)


def test_a_system_without_large_pages_goes_on_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_pages, "_SETTINGS", tmp_path / "absent")
    assert large_pages.gather() == 0


def test_what_is_in_memory_stays_what_it_was() -> None:
    known = [bytes([number % 251]) * 4096 for number in range(4096)]
    large_pages.gather()
    assert all(page == bytes([number % 251]) * 4096 for number, page in enumerate(known))
