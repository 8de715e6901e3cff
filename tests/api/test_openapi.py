"""The OpenAPI document against the running API: generated requests get no 5xx and no undocumented status."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.api import writing
from tests.api.writing import ok
from tests.nightly import tried
from tests.stack import ADMIN_TOKEN, Stack, shared_stack

EXAMPLES = tried(3, 25)
"""Requests for each operation."""

ENDLESS = {"/api/events"}
"""Their answers end when the client leaves: tests/api/live."""
AWAY = {503, 504}
"""What the environment may answer, where it is documented."""
NO_OPERATION = {"RouteNotFound", "MethodNotAllowed"}
"""Where a generated path led to none of ours, or to another one."""


@dataclass(frozen=True)
class Target:
    """An API that may be filled with rubbish, and ids in it that exist."""

    stack: Stack
    schema: Any
    ids: dict[str, str]


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """A stack of its own: generated requests change policies, teams and services that other tests rely on."""
    with shared_stack() as stack:
        yield Target(stack, schemathesis.openapi.from_url(f"{stack.url}/openapi.json", timeout=120), existing(stack))


def existing(stack: Stack) -> dict[str, str]:
    author = stack.person("ADMIN")
    made = writing.ready(author, [stack.person()])
    path = f"/api/postmortems/{made['id']}"
    item = ok(author.get(f"{path}/action-items"))["items"][0]
    comment = ok(author.post(f"{path}/comments", json={"body": "Why?"}), 201)
    event = ok(author.get(f"{path}/timeline"))["items"][0]
    team = ok(author.post("/api/teams", json={"name": "Generated"}), 201)
    service = ok(author.post("/api/services", json={"name": "generated"}), 201)
    report = {"externalId": "G-1", "title": "Down", "startedAt": "2026-01-01T10:00:00Z", "status": "OPEN"}
    incident = ok(author.post("/api/incidents", json=report), 201)
    connection = {"kind": "console", "name": "Generated", "secrets": {"webhookSecret": "generated"}}
    integration = ok(author.post("/api/integrations", json=connection), 201)
    return {
        "postmortem_id": made["id"],
        "item_id": item["id"],
        "comment_id": comment["id"],
        "event_id": event["id"],
        "team_id": team["id"],
        "service_id": service["id"],
        "incident_id": incident["id"],
        "template_id": "tpl_sre",
        "name": "summary",
        "revision": "1",
        "policy_id": "pol_default",
        "integration_id": integration["id"],
        "user_id": author.id,
    }


def problems_of(target: Target, operation: Any) -> list[str]:
    """What is wrong with the answers to requests that the document allows, and to some that it does not."""
    answers = operation.definition.raw.get("responses", {})
    documented = set(answers)
    found: dict[str, str] = {}
    keeps_rows = operation.method != "delete"
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def ask(data: Any) -> None:
        case = data.draw(cases)
        if keeps_rows and isinstance(case.path_parameters, dict) and data.draw(st.integers(0, 3)):
            for name, value in target.ids.items():
                if name in case.path_parameters:
                    case.path_parameters[name] = value
        response = case.call(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
        status = response.status_code
        if status in AWAY and str(status) in documented:
            return
        code = (
            response.json()["code"]
            if status >= 400 and "problem+json" in response.headers.get("content-type", [""])[0]
            else ""
        )
        if code in NO_OPERATION:
            return
        if (
            status >= 500
            or code not in answers.get(str(status), {}).get("x-codes", [code])
            or (str(status) not in documented and "default" not in documented)
        ):
            found.setdefault(f"{status} {code}", f"{case.as_curl_command()}\n{response.text[:400]}")

    ask()
    return [f"{operation.method.upper()} {operation.path}: {status}\n{how}" for status, how in found.items()]


def test_no_server_error_and_no_undocumented_status(target: Target) -> None:
    wrong: list[str] = []
    operations = [result.ok() for result in target.schema.get_all_operations()]
    assert len(operations) > 50
    for operation in (one for one in operations if one.path not in ENDLESS):
        wrong += problems_of(target, operation)
    assert not wrong, "\n\n".join(wrong)
