"""The project as files, for the tests beside this one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "routing", "hub", "adapters")


@dataclass(frozen=True, slots=True)
class Import:
    """`module` imports `target`; for `from a import b` there is one for `a.b` too."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"

    def reaches(self, package: str) -> bool:
        return self.target == package or self.target.startswith(package + ".")

    def comes_from(self, package: str) -> bool:
        return self.module == package or self.module.startswith(package + ".")


def list_files(*packages: str) -> list[Path]:
    """Not what lies in hidden folders: an environment that a benchmark has installed is nobody's code here."""
    found = (path for package in packages for path in sorted((ROOT / package).rglob("*.py")))
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def list_imports(*packages: str) -> list[Import]:
    return [found for path in list_files(*packages) for found in imports_of(path)]


@cache
def imports_of(path: Path) -> tuple[Import, ...]:
    return tuple(_read_imports(path))


def _read_imports(path: Path) -> Iterator[Import]:
    module = module_name(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                for name in names:
                    yield Import(module, name.name, node.lineno)
            case ast.ImportFrom(module=str(origin), names=names, level=0):
                yield Import(module, origin, node.lineno)
                for name in names:
                    yield Import(module, f"{origin}.{name.name}", node.lineno)


def list_pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def code_in(page: Path) -> Iterator[str]:
    """The lines of fenced blocks and the inline code of a page."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", prose)
