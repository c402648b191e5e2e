"""Requests made from /openapi.json: no fault of the hub, no undocumented status, no answer against its schema (S11)."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib import request as urlrequest

import hypothesis
import orjson
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hub import bootstrap
from hub import settings as hub_settings
from hub.identity.roles import OPERATOR
from tests.support.hub_process import HubProcess

# Ten thousand take eleven minutes on two busy cores: by hand, with SAMVERKAN_TEST_FUZZ_REQUESTS=10000.
REQUESTS = int(os.environ.get("SAMVERKAN_TEST_FUZZ_REQUESTS", "1500"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
# Answers that go on and on, or wait.
LEFT_OUT = {"/v1/inbox/stream"}


@pytest.fixture(scope="module")
def fuzzed(start_hub: Callable[..., HubProcess]) -> HubProcess:
    return start_hub(environ={"SAMVERKAN_PERSON_LOOKUPS_PER_HOUR": "0"})


def tokens(hub: HubProcess) -> dict[str, str]:
    issuer = bootstrap.build_issuer(hub_settings.load({"data_dir": hub.data_dir}, {}, None))
    staff = issuer.issue_staff(OPERATOR.staff_id, timedelta(minutes=55), datetime.now(UTC))
    return {"unit": hub.token("sd-farsta"), "staff": staff}


class Fuzzing:
    """Asks one operation after the other, and counts."""

    def __init__(self, hub: HubProcess) -> None:
        self.tokens = tokens(hub)
        self.asked: Counter[int] = Counter()
        self.faults: list[str] = []

    @property
    def total(self) -> int:
        return sum(self.asked.values())

    def ask(self, operation: Any, times: int, seed: int) -> None:
        staff = re.match("/v1/(admin|audit)", operation.path)
        headers = {"Authorization": f"Bearer {self.tokens['staff' if staff else 'unit']}"}

        @hypothesis.seed(seed)
        @settings(
            max_examples=times,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask_once(case: Any) -> None:
            if "wait" in (case.query or {}):
                case.query["wait"] = 0
            response = case.call(headers=headers)
            self.asked[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        try:
            ask_once()
        except (FailureGroup, Failure, AssertionError) as fault:
            # Every operation is tried, and all faults are told together.
            self.faults.append(f"{operation.method.upper()} {operation.path}: {fault}"[:1500])


@pytest.mark.slow
def test_what_the_document_describes_holds_for_every_request(
    fuzzed: HubProcess, capfd: pytest.CaptureFixture[str]
) -> None:
    with urlrequest.urlopen(fuzzed.url + "/openapi.json") as answer:
        document: dict[str, Any] = orjson.loads(answer.read())
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=fuzzed.url)
    operations = [found.ok() for found in schema.get_all_operations()]
    operations = [each for each in operations if each.path not in LEFT_OUT]
    fuzzing = Fuzzing(fuzzed)
    for seed in range(100):  # an operation without parameters has one request only: others get more
        for operation in operations:
            fuzzing.ask(operation, -(-REQUESTS // len(operations)), seed)
        if fuzzing.faults or fuzzing.total >= REQUESTS:
            break
    assert not fuzzing.faults, "\n\n".join(fuzzing.faults)
    assert fuzzing.total >= REQUESTS, fuzzing.asked
    capfd.readouterr()
    with capfd.disabled():
        sys.stdout.write(f" {fuzzing.total} requests: {dict(fuzzing.asked)} ")
