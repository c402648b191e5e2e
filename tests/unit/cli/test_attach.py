"""`samverkan attach`: a file to a hub, and what a message says of it."""

from __future__ import annotations

import pytest

from tests.support import files


@pytest.fixture
def attach(call, hub):
    def run(path, *words):
        return call("attach", path, "--as", "sd-farsta", "--hub", hub.url, "--data-dir", hub.data_dir, *words)

    return run


def test_prints_what_the_message_is_to_say(attach, tmp_path):
    path = tmp_path / "fil.pdf"
    path.write_bytes(files.pdf())
    result = attach(path, "--holds", "PL+HE")
    assert result.exit_code == 0, result.output
    assert result.stdout.strip().endswith("=HE+PL")


def test_a_file_that_is_not_what_it_is_called_is_an_answer_of_no(attach, tmp_path):
    path = tmp_path / "fil.pdf"
    path.write_bytes(files.png())
    result = attach(path, "--holds", "HE")
    assert result.exit_code == 1
    assert "ATTACHMENT_TYPE" in result.output


@pytest.mark.parametrize("name", ["fil.exe", "inte-där.pdf"])
def test_what_is_no_such_file_is_wrong_use(attach, tmp_path, name):
    (tmp_path / "fil.exe").write_bytes(b"MZ")
    assert attach(tmp_path / name, "--holds", "HE").exit_code == 2
