"""A client that is generated from the OpenAPI document tells the README's story to a running Afterword."""

import datetime
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api import writing
from tests.api.document.generating import generate
from tests.stack import ADMIN_TOKEN, Person, Stack


@dataclass(frozen=True)
class Generated:
    """The generated package, and a client of it for each token."""

    folder: Path
    url: str
    warnings: list[str]

    def module(self, path: str) -> Any:
        return importlib.import_module(f"afterword_client.{path}")

    def model(self, name: str) -> Any:
        return getattr(self.module("models"), name)

    def client(self, token: str) -> Any:
        return self.module("client").AuthenticatedClient(base_url=self.url, token=token, timeout=httpx.Timeout(30))

    def call(self, operation: str, *arguments: Any, token: str, **named: Any) -> Any:
        """The answer of ``<tag>.<operation>``, as its model."""
        with self.client(token) as client:
            return self.module(f"api.{operation}").sync(*arguments, client=client, **named)


@pytest.fixture(scope="module")
def generated(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    folder = tmp_path_factory.mktemp("client")
    warnings = generate(httpx.get(f"{stack.url}/openapi.json", timeout=60).json(), folder)
    sys.path.insert(0, str(folder))
    try:
        yield Generated(folder, stack.url, warnings)
    finally:
        sys.path.remove(str(folder))
        for name in [one for one in sys.modules if one.partition(".")[0] == "afterword_client"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def people(stack: Stack) -> tuple[Person, Person, Person]:
    return stack.person("ADMIN"), stack.person(), stack.person()


def token_of(person: Person) -> str:
    return str(person.http.headers["Authorization"]).removeprefix("Bearer ")


def test_the_generator_keeps_every_operation(generated: Generated) -> None:
    assert generated.warnings == []
    document = httpx.get(f"{generated.url}/openapi.json", timeout=60).json()
    names = {one["operationId"] for methods in document["paths"].values() for one in methods.values()}
    made = {file.stem for file in (generated.folder / "afterword_client" / "api").glob("*/*.py")} - {"__init__"}
    assert made == names


def test_the_readme_story(generated: Generated, people: tuple[Person, Person, Person]) -> None:
    """From a resolved incident to a published postmortem, its copies, and what was learned."""
    author, bob, alice = people
    mine, model = token_of(author), generated.model

    incident = generated.call(
        "incidents.report_incident",
        token=mine,
        body=model("IncidentIn").from_dict(
            {
                "externalId": f"tour-{uuid4().hex[:8]}",
                "title": "Login is slow",
                "urgency": "HIGH",
                "status": "RESOLVED",
                "startedAt": "2026-11-23T07:00:00Z",
                "resolvedAt": "2026-11-23T08:10:00Z",
            }
        ),
    )
    assert incident.status == "RESOLVED"
    decision = generated.call("incidents.get_incident_decision", incident.id, token=mine)
    assert decision.decision in {"required", "recommended", "skip"}

    sections = {"summary": "Login was slow.", "impact": "700 people waited.", "root_cause": "A pool limit."}
    draft = generated.call(
        "postmortems.create_postmortem",
        token=mine,
        idempotency_key=uuid4().hex,
        body=model("PostmortemNew")(
            title="Login was slow for 70 minutes",
            resolution="The limit was raised.",
            timeline=[
                model("TimelineEventIn")(
                    at=datetime.datetime(2026, 11, 23, 7, tzinfo=datetime.UTC),
                    event="The alert fired",
                    type_=model("EntryType").DETECTION,
                )
            ],
            **sections,
        ),
    )
    pm = draft.id
    assert draft.status == model("PostmortemStatus").DRAFT
    targets = generated.call("lifecycle.list_targets", pm, token=mine)
    assert {one.name for one in targets.items} >= {"published"}

    found = generated.call("search.search_all", token=mine, q="login")
    assert pm in {one.postmortem.id for one in found.items}
    generated.call("search.list_similar_postmortems", pm, token=mine)

    item = generated.call(
        "action_items.add_action_item",
        pm,
        token=mine,
        body=model("ActionItemNew")(
            description="Monitor the pool",
            owner_id=author.id,
            due_date=datetime.date(2027, 1, 22),
            priority=model("Priority").HIGH,
        ),
    )
    assert item.owner_id == author.id
    submitted = generated.call(
        "lifecycle.submit_postmortem", pm, token=mine, body=model("SubmitIn")(reviewer_ids=[bob.id, alice.id])
    )
    assert submitted.status == "IN_REVIEW"
    refused = generated.call("lifecycle.publish_postmortem", pm, token=mine)
    assert refused.code == "NotReadyToPublish"
    assert refused.reasons

    for reviewer in (bob, alice):
        approval = model("ReviewIn")(decision=model("Decision").APPROVE)
        generated.call("lifecycle.review_postmortem", pm, token=token_of(reviewer), body=approval)
    published = generated.call("lifecycle.publish_postmortem", pm, token=mine)
    assert published.status == "PUBLISHED"
    audit = generated.call("audit.list_postmortem_audit_entries", pm, token=mine, limit=5)
    assert "postmortem.published" in {one.action for one in audit.items}

    with generated.client(mine) as client:
        exported = generated.module("api.documents.export_postmortem").sync_detailed(
            pm, client=client, format_=model("ExportFormat").MD
        )
    assert b"Login was slow" in exported.content
    archive = generated.call("exports.create_export", token=mine, body=model("ExportNew")(postmortem_ids=[pm]))
    assert archive.kind == "EXPORT"

    summary = model("SummaryPut")(text="# Login was slow\n\nLogin was slow for 70 minutes. This is resolved.")
    saved = generated.call("sharing.update_public_summary", pm, token=mine, body=summary)
    approved = model("SummaryApprove")(version=saved.version)
    generated.call("sharing.approve_public_summary", pm, token=mine, body=approved)
    link = generated.call("sharing.create_share_link", pm, token=mine, body=model("ShareLinkIn")())
    assert httpx.get(link.url).status_code == 200

    report = generated.call("analytics.get_analytics", token=mine, period=model("Period").MONTH)
    assert report.metrics.postmortems_created.value >= 1


def test_a_connection_of_each_kind_has_its_own_model(generated: Generated) -> None:
    console = generated.model("ConsoleIntegrationNew")
    made = generated.call(
        "integrations.create_integration", token=ADMIN_TOKEN, body=console(kind="console", name=f"C {uuid4().hex[:6]}")
    )
    assert made.kind == "console"
    generated.call("integrations.disconnect_integration", made.id, token=ADMIN_TOKEN)


def test_what_a_change_leaves_out_stays(generated: Generated, people: tuple[Person, Person, Person]) -> None:
    author = people[0]
    made = writing.draft(author)
    change = generated.model("PostmortemPatch")(impact="Nobody noticed.")
    assert change.to_dict() == {"impact": "Nobody noticed."}
    changed = generated.call("postmortems.update_postmortem", made["id"], token=token_of(author), body=change)
    assert changed.title == made["title"]
    assert changed.impact == "Nobody noticed."


def test_preferences_and_versions_are_arguments(generated: Generated, people: tuple[Person, Person, Person]) -> None:
    author = people[0]
    made = writing.draft(author)
    module = generated.module("api.postmortems.update_postmortem")
    change = generated.model("PostmortemPatch")(impact="It was small.")
    with generated.client(token_of(author)) as client:
        answer = module.sync_detailed(made["id"], client=client, body=change, prefer="return=minimal", if_match='"1"')
    assert answer.status_code == 204
    assert answer.headers["preference-applied"] == "return=minimal"
