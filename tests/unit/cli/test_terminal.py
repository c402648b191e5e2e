"""What a person at a terminal sees, and what a pipe gets."""

import contextlib
import io
import re

import pytest

from hub.cli import terminal
from hub.cli.terminal import Cell

NUMBER = "199001012385"


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _coloured(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(params=[Screen, io.StringIO], ids=["screen", "pipe"])
def either(request):
    return request.param()


def screen():
    return contextlib.redirect_stdout(Screen())


def pipe():
    return contextlib.redirect_stdout(io.StringIO())


ROWS = [("jt-sydost", Cell("deliver", "green")), ("af-stockholm", Cell("refuse", "red"))]


def test_a_person_gets_a_table_with_colours():
    with screen() as shown:
        terminal.show_table(("unit", "verdict"), ROWS)
    assert "\x1b[32mdeliver" in shown.getvalue()
    assert "─" in shown.getvalue()


def test_a_pipe_gets_aligned_columns():
    with pipe() as shown:
        terminal.show_table(("unit", "verdict"), ROWS)
    assert shown.getvalue() == "unit          verdict\njt-sydost     deliver\naf-stockholm  refuse\n"


def test_nothing_is_cut_off_on_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    with screen() as shown:
        terminal.show_table(("unit", "withheld"), [("jt-sydost", "/content/a_rather_long_name/and/more")])
    text = re.sub(r"\x1b\[[0-9;]*m|\s", "", shown.getvalue())
    assert "/content/a_rather_long_name/and/more" in text.replace("jt-sydost", "")


def test_text_is_never_read_as_markup():
    with screen() as shown:
        terminal.show_table(("field",), [("[red]/content[/red]",)])
        terminal.show_fields([("field", "[bold]x")])
    assert "[red]/content[/red]" in shown.getvalue()
    assert "[bold]x" in shown.getvalue()


def test_nothing_steers_the_terminal_or_shows_a_number(either):
    bad = f"a\x1b[2Jb\r{NUMBER}\nc"
    with contextlib.redirect_stdout(either):
        terminal.show_table(("field",), [(bad,)])
        terminal.show_fields([("field", bad)])
        terminal.say(bad)
        terminal.say(bad, "red")
    assert "\x1b[2J" not in either.getvalue()
    assert "\r" not in either.getvalue()
    assert NUMBER not in either.getvalue()


def test_an_empty_cell_is_a_dash():
    with pipe() as shown:
        terminal.show_table(("a", "b"), [(None, "")])
    assert shown.getvalue().splitlines()[1] == "-  -"


def test_who_waits_at_a_terminal_sees_how_far_it_is_and_a_pipe_gets_the_answer_alone(either):
    with contextlib.redirect_stderr(either):
        assert list(terminal.watched(["one", "two"], "Checking")) == ["one", "two"]
    assert ("Checking" in either.getvalue()) == either.isatty()
