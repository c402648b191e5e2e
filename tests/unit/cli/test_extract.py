"""A register extract from the command line: the number comes from a file, the files are checked afterwards."""

import json

import pytest

NUMBER = "199001012385"  # Asta Provberg, invented


@pytest.fixture
def made(hub, call, tmp_path):
    (tmp_path / "person.txt").write_text(f"{NUMBER}\nÅsa Nguyễn\n", "utf-8")
    words = ("--person-file", "person.txt", "--reason", "register_extract", "--reference", "2026-117", "--out", "out")
    done = call("audit", "extract", *words, "--hub", hub.url, "--data-dir", hub.data_dir)
    assert done.exit_code == 0, done.stderr
    assert NUMBER not in done.stdout
    return tmp_path / "out"


def test_writes_document_paper_and_signature(made):
    assert {path.name for path in made.iterdir()} == {
        "registerutdrag.json",
        "registerutdrag.pdf",
        "registerutdrag.jws",
    }
    document = json.loads((made / "registerutdrag.json").read_bytes())
    assert document["person"]["name"] == "Åsa Nguyễn"
    assert document["reference"] == "2026-117"


def test_the_files_are_genuine_until_one_is_altered(made, hub, call, tmp_path):
    (tmp_path / "key.json").write_text(call("audit", "key", "--json", "--data-dir", hub.data_dir).stdout)
    assert call("audit", "check-extract", "out", "--key", "key.json").exit_code == 0
    assert call("audit", "check-extract", "out", "--data-dir", hub.data_dir).exit_code == 0
    (made / "registerutdrag.json").write_bytes((made / "registerutdrag.json").read_bytes() + b" ")
    done = call("audit", "check-extract", "out", "--key", "key.json")
    assert done.exit_code == 1
    assert "not the one that was signed" in done.stderr


@pytest.mark.parametrize(("text", "code"), [("", 2), ("a\nb\nc\n", 2), ("19900101-0000\n", 1)])
def test_a_file_without_a_number_is_refused(hub, call, tmp_path, text, code):
    (tmp_path / "person.txt").write_text(text)
    words = ("--person-file", "person.txt", "--reason", "register_extract")
    assert call("audit", "extract", *words, "--hub", hub.url, "--data-dir", hub.data_dir).exit_code == code
