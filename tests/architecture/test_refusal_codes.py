"""A refusal code is the same word in the program, in the rules and in the documents."""

import importlib.util
import tomllib
from types import ModuleType

from routing.refusals import RefusalCode
from tests.architecture import project


def rows() -> list[dict[str, object]]:
    text = (project.ROOT / "routing" / "rules" / "refusals.toml").read_text(encoding="utf-8")
    found: list[dict[str, object]] = tomllib.loads(text)["refusal"]
    return found


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "write_refusal_codes", project.ROOT / "scripts" / "write_refusal_codes.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_code_has_its_text_and_no_text_is_without_a_code() -> None:
    assert sorted(str(row["code"]) for row in rows()) == sorted(RefusalCode)


def test_the_page_says_what_the_rules_say() -> None:
    generator = load_generator()
    assert generator.PAGE.read_text(encoding="utf-8") == generator.render(), (
        "run: .venv/bin/python scripts/write_refusal_codes.py"
    )


def test_the_page_names_every_code() -> None:
    page = load_generator().PAGE.read_text(encoding="utf-8")
    assert [code for code in RefusalCode if f"| `{code}` |" not in page] == []
