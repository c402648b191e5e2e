"""The program called in this process, and a real hub beside it in its own."""

import functools
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer.main
import typer.testing
from typer.testing import CliRunner

from hub.cli.main import app
from schemas import registry

built = functools.cache(typer.main.get_command)

ROOT = Path(__file__).resolve().parents[3]
# Asta Provberg, invented; the number is from Skatteverket's public test series.
NUMBER = "199001012385"
CONSENT = "0b8c3a52-7d2e-4a4e-8d0e-2f1a7c9e0001"


class RunningHub:
    """A hub as an operator starts it, on a free port."""

    def __init__(self, data_dir, *flags):
        self.data_dir = data_dir
        self.process = start(data_dir, "--port", "0", *flags)
        self.url = json.loads(self.process.stdout.readline())["url"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)
        return self.process.returncode


def start(data_dir, *flags):
    words = [sys.executable, "-W", "error", "-m", "hub", "serve", "--data-dir", str(data_dir), *flags]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SAMVERKAN_")}
    return subprocess.Popen(
        words,
        cwd=data_dir.parent,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def serve():
    """Starts `samverkan serve` with flags; whatever still runs is ended afterwards."""
    started = []

    def start_one(data_dir, *flags):
        started.append(start(data_dir, *flags))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    running = RunningHub(tmp_path_factory.mktemp("hub") / "data", "--allow-test-numbers")
    yield running
    assert running.stop() == 0


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """No settings of whoever runs the tests, and a working directory without any."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SAMVERKAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def call(monkeypatch):
    """Runs `samverkan` with these words; no output may hold a personal number, but for the examples of a schema."""
    # Typer's runner builds the whole tree of commands for every call, which takes longer than most of the calls.
    monkeypatch.setattr(typer.testing, "_get_command", built)

    def call_it(*words, input=None, env=None, shows_examples=False):
        result = CliRunner().invoke(app, [str(word) for word in words], input=input, env=env, prog_name="samverkan")
        assert shows_examples or NUMBER not in result.output
        assert "Traceback" not in result.output
        return result

    return call_it


@pytest.fixture
def ask(call, hub):
    """Runs a command against the running hub."""

    def ask_it(*words, **more):
        return call(*words, "--data-dir", hub.data_dir, "--hub", hub.url, **more)

    return ask_it


def example(name):
    return json.loads(json.dumps(registry.packaged().get_type(name).document["examples"][0]))


def day(after):
    return (datetime.now(UTC) + timedelta(days=after)).date().isoformat()


def make_consent(consent_id=CONSENT):
    """A consent of today's that covers the stadsdel and the jobbtorg."""
    data = example("consent.recorded")
    data["content"] |= {"consent_id": consent_id, "valid_from": day(-9), "valid_to": day(60), "signed_on": day(-9)}
    return {"type": "se.samverkan.consent.recorded", "data": data}


def make_referral():
    data = example("referral.submitted")
    data["content"]["reporting_request"]["until"] = day(60)
    data["content"]["earliest_start"] = day(7)
    return {"type": "se.samverkan.referral.submitted", "data": data}


@pytest.fixture
def messages(tmp_path):
    """Messages as files: `messages.consent`, `messages.write(event)`."""
    return Messages(tmp_path)


class Messages:
    def __init__(self, folder):
        self.folder = folder

    @property
    def consent(self):
        return self.write(make_consent())

    @property
    def fresh_consent(self):
        return self.write(make_consent("0b8c3a52-7d2e-4a4e-8d0e-2f1a7c9e0002"))

    @property
    def referral(self):
        return self.write(make_referral())

    def write(self, event):
        path = self.folder / "message.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        return path


@pytest.fixture(scope="session")
def case_id(hub, tmp_path_factory):
    """A case that the running hub has: consent and referral were sent."""
    runner = CliRunner()
    for event in (make_consent(), make_referral()):
        path = tmp_path_factory.mktemp("sent") / "message.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        words = ["send", path, "--as", "sd-farsta", "--json", "--hub", hub.url, "--data-dir", hub.data_dir]
        result = runner.invoke(app, list(map(str, words)))
        assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["case"]
