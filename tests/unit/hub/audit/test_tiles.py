"""Paths, widths and bundles as the specification writes them."""

from __future__ import annotations

import pytest

from hub.audit import tiles
from hub.audit.tiles import NoSuchTile, TileName


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (TileName(0, 0), "tile/0/000"),
        (TileName(0, 273, 112), "tile/0/273.p/112"),
        (TileName(1, 1, 17), "tile/1/001.p/17"),
        (TileName(2, 0, 1), "tile/2/000.p/1"),
        (TileName(0, 1234067), "tile/0/x001/x234/067"),
        (TileName(None, 1000, 255), "tile/entries/x001/000.p/255"),
        (TileName(63, 0, 1), "tile/63/000.p/1"),
    ],
)
def test_a_tile_has_the_path_of_the_specification(name: TileName, path: str) -> None:
    assert name.path == path
    assert TileName.parse(path) == name


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x001/x067",
        "tile/0/001/067",
        "tile/64/000",
        "tile/-1/000",
        "tile/00/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/999",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/entry/000",
        "tile/0/../000",
        "tile/0/٠٠٠",
        "tile/0/" + "x001/" * 30 + "000",
    ],
)
def test_refuses_every_other_spelling(path: str) -> None:
    with pytest.raises(NoSuchTile):
        TileName.parse(path)


def test_a_log_of_70000_has_the_tiles_of_the_specification() -> None:
    names = list(tiles.tiles_of(70_000))
    by_level = {level: [name for name in names if name.level == level] for level in (None, 0, 1, 2, 3)}
    assert (len(by_level[0]), by_level[0][-1].path) == (274, "tile/0/273.p/112")
    assert [name.path for name in by_level[1]] == ["tile/1/000", "tile/1/001.p/17"]
    assert [name.path for name in by_level[2]] == ["tile/2/000.p/1"]
    assert by_level[3] == []
    assert [name.width for name in by_level[None]] == [name.width for name in by_level[0]]


@pytest.mark.parametrize(("size", "count"), [(0, 0), (1, 2), (255, 2), (256, 3), (257, 5), (65_536, 256 * 2 + 2)])
def test_there_are_no_empty_tiles(size: int, count: int) -> None:
    assert len(list(tiles.tiles_of(size))) == count


def test_a_bundle_gives_its_entries_back() -> None:
    entries = [b"", b"a", b"x" * 65_535]
    assert tiles.unpack(tiles.pack(entries)) == entries


def test_a_bundle_that_breaks_off_gives_what_is_whole() -> None:
    assert tiles.unpack(tiles.pack([b"abc", b"def"])[:-1]) == [b"abc"]
    assert tiles.unpack(b"\0") == []
