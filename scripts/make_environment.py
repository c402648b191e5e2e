"""Builds .venv from a lock file with a bare Python 3.11 and its standard library, for `scripts/bootstrap`.

Everything that can go wrong on a stranger's machine ends in one line that says what to do. An installation
that was cut short leaves its marker behind; the next run sees it and begins anew, because pip takes a
half-written package for an installed one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNDER_WAY = VENV / ".under-way"
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}
NEEDED_MB = {"run": 300, "dev": 600}
DOWNLOADS_MB = 150
DISTRIBUTION_WHEELS = Path("/usr/share/python-wheels")
VERSIONED = f"python{sys.version_info.major}.{sys.version_info.minor}"
INSTALL_HINT = f"install the package {VERSIONED}-venv (Debian: apt-get install {VERSIONED}-venv), run this again"


class CannotBuild(Exception):
    """The environment cannot be built; the text is the one line that the reader gets."""


def main(arguments: Sequence[str]) -> int:
    profile, key = arguments
    try:
        with _alone():
            build(profile, key)
    except CannotBuild as problem:
        return _say_no(str(problem))
    except OSError as problem:
        return _say_no(f"cannot make {VENV}: {problem.strerror or problem} ({problem.filename or VENV})")
    except KeyboardInterrupt:
        return _say_no("interrupted; the next run begins anew")
    return 0


def _say_no(line: str) -> int:
    print(f"samverkan: {line}", file=sys.stderr)
    return 1


def build(profile: str, key: str) -> None:
    ready = VENV / f".ready-{profile}"
    if _finished_by_another(ready, key):
        return
    _check_writable()
    _check_space(profile)
    _clear_the_broken()
    VENV.mkdir(exist_ok=True)
    UNDER_WAY.touch()
    if not _works([str(PYTHON), "-I", "-m", "pip", "--version"]):
        _say(f"making {VENV} with Python {sys.version.split()[0]}")
        _create_venv()
    count = sum(1 for line in (ROOT / LOCKS[profile]).read_text().splitlines() if line[:1].isalnum())
    _say(f"installing {count} packages (only the first time; a minute or two)")
    _pip("install", "--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / LOCKS[profile]))
    _pip("install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))
    UNDER_WAY.unlink()
    _write_whole(ready, key)


def _finished_by_another(ready: Path, key: str) -> bool:
    """True when a run beside this one did the work while this one waited for its turn."""
    return _waited and not UNDER_WAY.exists() and ready.is_file() and ready.read_text().strip() == key


_waited = False


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One builder per checkout: `make run` and `make test` may be started side by side."""
    global _waited
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another run is making the environment; waiting for it")
            _waited = True
            fcntl.flock(folder, fcntl.LOCK_EX)
        except OSError as problem:  # a file system without locks: the marker still catches what is cut short
            _say(f"no lock on this file system ({problem.strerror}); do not start two at once")
        yield
    finally:
        os.close(folder)


def _check_writable() -> None:
    place = VENV if VENV.is_dir() else ROOT
    if not os.access(place, os.W_OK | os.X_OK):
        raise CannotBuild(f"{place} is not writable for this user; copy the project to a folder of your own")


def _check_space(profile: str) -> None:
    if (VENV / f".ready-{profile}").exists() and not UNDER_WAY.exists():
        return  # an update replaces files, it does not add an environment
    for place, needed in ((ROOT, NEEDED_MB[profile]), (Path(tempfile.gettempdir()), DOWNLOADS_MB)):
        free = shutil.disk_usage(place).free // 1_000_000
        if free < needed:
            raise CannotBuild(f"needs {needed} MB of disk space at {place}, {free} MB are free")


def _clear_the_broken() -> None:
    if not os.path.lexists(VENV):
        return
    if not UNDER_WAY.exists() and _works([str(PYTHON), "-I", "-c", "import sys"]) and _is_for_this_folder():
        return
    _say(f"{VENV} is not whole; making it anew")
    if VENV.is_dir() and not VENV.is_symlink():
        shutil.rmtree(VENV)
    else:
        VENV.unlink()


def _is_for_this_folder() -> bool:
    """False for an environment that was copied or moved: its commands would still start the old one."""
    written = subprocess.run(
        [str(PYTHON), "-I", "-c", "import sys; print(sys.prefix, sys.version_info >= (3, 11))"],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    starter = VENV / "bin" / "pip"
    first = starter.read_text(errors="replace")[:500] if starter.is_file() else str(VENV)
    return written == f"{VENV} True" and str(VENV) in first


def _create_venv() -> None:
    if _works([sys.executable, "-I", "-c", "import ensurepip; ensurepip.version()"]):
        _run([sys.executable, "-m", "venv", str(VENV)], "python -m venv failed; " + INSTALL_HINT)
        return
    if not _works([sys.executable, "-I", "-c", "import venv"]):
        raise CannotBuild(f"this Python has no venv module; {INSTALL_HINT}")
    with tempfile.TemporaryDirectory(prefix="samverkan-") as folder:
        # First what leaves the machine as it is: installing a package may pull a newer Python along.
        wheel = _find_pip_wheel(DISTRIBUTION_WHEELS) or _download_pip_wheel(Path(folder))
        if wheel is None and _install_by_apt():
            _run([sys.executable, "-m", "venv", str(VENV)], "python -m venv failed; " + INSTALL_HINT)
            return
        if wheel is None:
            raise CannotBuild(f"this Python cannot make environments (no ensurepip); {INSTALL_HINT}")
        _run(
            [sys.executable, "-m", "venv", "--without-pip", str(VENV)],
            "python -m venv failed; " + INSTALL_HINT,
        )
        # A wheel can be run from where it lies, and so installs itself.
        _run(
            [str(PYTHON), f"{wheel}/pip", "install", "--quiet", "--no-index", "--no-cache-dir", str(wheel)],
            "pip could not install itself; " + INSTALL_HINT,
        )


def _install_by_apt() -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    _say(f"installing {VERSIONED}-venv with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "--quiet=2", f"{VERSIONED}-venv"]
    done = _works(install, environment) or (
        _works(["apt-get", "update", "--quiet=2"], environment) and _works(install, environment)
    )
    return done and _works([sys.executable, "-I", "-c", "import ensurepip; ensurepip.version()"])


def _find_pip_wheel(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob("pip-*.whl"), reverse=True)), None)


def _download_pip_wheel(folder: Path) -> Path | None:
    """Debian's package with pip in it, unpacked into a folder of our own: needs no root."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    _say("this Python has no ensurepip; fetching pip with apt-get download")
    download = ["apt-get", "--quiet=2", "download", "python3-pip-whl"]
    if not _works(download, where=folder):
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        own = ["-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache"]
        updated = _works(["apt-get", "--quiet=2", *own, "update"])
        if not updated or not _works([download[0], *own, *download[1:]], where=folder):
            return None
    package = next(iter(folder.glob("python3-pip-whl_*.deb")), None)
    if package is None or not _works(["dpkg-deb", "-x", str(package), str(folder / "unpacked")]):
        return None
    return _find_pip_wheel(folder / "unpacked" / DISTRIBUTION_WHEELS.relative_to("/"))


def _pip(*arguments: str) -> None:
    command = [str(PYTHON), "-I", "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    if not _has_cache_folder():
        command.append("--no-cache-dir")
    _run(
        [*command, *arguments],
        "pip could not install the packages (its reason stands above); then run this again",
    )


def _has_cache_folder() -> bool:
    """False where HOME is missing or not ours: pip would complain about its cache on every call."""
    if "PIP_CACHE_DIR" in os.environ or "XDG_CACHE_HOME" in os.environ:
        return True
    home = Path(os.environ.get("HOME") or "/nonexistent")
    return home.is_dir() and os.access(home, os.W_OK) and home.stat().st_uid == os.geteuid()


def _run(command: Sequence[str], when_it_fails: str) -> None:
    if subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode != 0:
        raise CannotBuild(when_it_fails)


def _works(command: Sequence[str], environment: dict[str, str] | None = None, where: Path | None = None) -> bool:
    try:
        done = subprocess.run(
            command, env=environment, cwd=where, check=False, capture_output=True, stdin=subprocess.DEVNULL
        )
    except OSError:
        return False
    return done.returncode == 0


def _write_whole(path: Path, text: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(text + "\n")
    beside.replace(path)


def _say(line: str) -> None:
    print(f"samverkan: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
