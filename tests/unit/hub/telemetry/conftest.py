import logging
import sys
import threading

import pytest
import structlog

from hub.telemetry import logging as telemetry
from tests.unit.hub.telemetry.stream import Stream


@pytest.fixture(autouse=True)
def _logging_as_before():
    root = logging.getLogger()
    kept = root.handlers[:], root.level, sys.excepthook, threading.excepthook
    events = structlog.get_config()
    yield
    root.handlers[:], level, sys.excepthook, threading.excepthook = kept
    root.setLevel(level)
    structlog.configure(**events)


@pytest.fixture
def stream():
    found = Stream()
    telemetry.configure("info", "json", found)
    return found


@pytest.fixture
def log():
    return structlog.get_logger()
