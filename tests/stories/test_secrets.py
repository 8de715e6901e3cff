"""No credential and no text of people in Temporal, in a log, or readable in the database.

This file has a whole Afterword of its own, so that everything in it can be read, and so that its workflows continue as
new early."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from temporalio.client import Client

from tests.api import writing
from tests.api.writing import ok
from tests.histories import Run, all_runs
from tests.leaks import leaks
from tests.organisation import Json, new_organisation, signed
from tests.pages.visiting import visitor
from tests.peers.emulate import EmulatedGithub, EmulatedGithubServer
from tests.stack import ADMIN_TOKEN, OWN, PARTS, Person, Stack, eventually, shared_stack

SECTIONS = (
    *("summary", "impact", "rootCause", "resolution"),
    *("lessonsLearned", "contributingFactors", "detection", "response"),
)
PAYLOAD_LIMIT = 4096


@dataclass
class Told:
    """A story, and by name every word in it that is nobody else's business."""

    stack: Stack
    credentials: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    answers: dict[str, bytes] = field(default_factory=dict)
    """What was answered about a connection, by what was asked."""
    postmortem_id: str = ""
    item_id: str = ""

    def credential(self, name: str) -> str:
        return self.credentials.setdefault(name, f"credential-{uuid4().hex}")

    def word(self, name: str) -> str:
        """Words that JSON and addresses dress up, around one that nothing does."""
        return self.words.setdefault(name, f"w{uuid4().hex}")

    def text(self, name: str) -> str:
        return f'"Ünder" the 100 % {self.word(name)}\nend'

    def knows(self, person: Person) -> Person:
        self.credentials[f"token of {person.id}"] = person.http.headers["Authorization"].removeprefix("Bearer ")
        return person


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    tuning = ("limit.historyCount.suggestContinueAsNew=40",)
    with shared_stack(*OWN, tuning=tuning) as stack:
        yield stack


@pytest.fixture(scope="module")
def told(own: Stack, emulate_github_server: EmulatedGithubServer) -> Told:
    story = Told(own, {"bootstrap token": ADMIN_TOKEN, "secret key": "test-secret-key"})
    organisation = new_organisation(own)
    story.credentials["PagerDuty's secret"] = organisation.secret
    for person in (organisation.bo, organisation.ada):
        story.knows(person)
    author, reviewer, admin = organisation.bo, story.knows(own.person()), own.client()
    events = organisation.events()
    events[0]["event"]["data"]["title"] = story.text("title").replace("\n", " ")
    for body in events:
        ok(organisation.send(body), 202)
    (listed,) = organisation.postmortems(organisation.incident(events[0]["event"]["data"]["id"])["id"])
    story.postmortem_id, path = listed["id"], f"/api/postmortems/{listed['id']}"

    ok(author.patch(path, json={name: story.text(name) for name in SECTIONS}))
    ok(author.post(f"{path}/reviewers", json={"userIds": [reviewer.id]}), 201)
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    ok(author.post(f"{path}/timeline", json={"at": at, "event": story.text("timeline")}), 201)
    said = ok(reviewer.post(f"{path}/comments", json={"body": story.text("comment"), "section": "impact"}), 201)
    ok(reviewer.patch(f"{path}/comments/{said['id']}", json={"resolved": True}))
    later = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    ok(admin.post(f"{path}/targets/published/extend", json={"until": later, "reason": story.text("extension")}))
    ok(admin.post(f"{path}/targets/review_completed/waive", json={"reason": story.text("waiver")}))
    wording = {"description": f"Alert {story.word('item')}", "details": story.text("details")}
    story.item_id = writing.with_item(author, listed["id"], author.id, **wording)["id"]
    _follow_github(story, author, emulate_github_server.new_repository())
    _reviewed(story, path, author, reviewer)
    _refused(story, path, author, [events[0], listed])
    return story


def _follow_github(story: Told, author: Person, github: EmulatedGithub) -> None:
    """A connection whose token and webhook secret are recognisable; the item goes there and back several times."""
    config = {"repository": github.repository, "baseUrl": github.url, "secondsBetweenWrites": 0}
    secrets = {"token": story.credential("GitHub's token"), "webhookSecret": story.credential("GitHub's secret")}
    admin, path = story.stack.client(), f"/api/action-items/{story.item_id}"
    body = {"kind": "github", "name": github.repository, "config": config, "secrets": secrets}
    made = ok(admin.post("/api/integrations", json=body, headers={"Idempotency-Key": uuid4().hex}), 201)
    ok(admin.post(f"/api/integrations/{made['id']}/test"))
    github.add_webhook(made["webhookUrl"], secrets["webhookSecret"])
    ok(author.post(f"{path}/tickets", json={"integrationId": made["id"]}), 201)
    eventually(lambda: ok(author.get(path))["tickets"][0]["key"])
    (issue,) = github.issues()
    number = str(issue["number"])
    for turn in range(4):
        github.close_issue(number)
        eventually(lambda: ok(author.get(path))["status"] == "COMPLETED")
        github.reopen_issue(number)
        eventually(lambda: ok(author.get(path))["status"] == "OPEN")
        ok(author.patch(path, json={"details": story.text(f"details {turn}")}))
        eventually(lambda: story.word(f"details {turn}") in str(github.issue(number)["body"]))  # noqa: B023 - called here
    _show(story, made["id"])
    dropped = {"status": "WONT_DO", "justification": f"No: {story.word('justification')}"}
    ok(author.patch(path, json=dropped))
    ok(author.patch(path, json={"status": "OPEN"}))


def _show(story: Told, integration_id: str) -> None:
    """Everything that tells of the connection is asked for, in the API and in the browser."""
    admin, path = story.stack.client(), f"/api/integrations/{integration_id}"
    for part in ("", "/health", "/deliveries", "/accounts", "/accounts/suggestions"):
        story.answers[f"GET {part}"] = admin.get(f"{path}{part}").content
    story.answers["the list"] = admin.get("/api/integrations").content
    story.answers["metrics"] = admin.get("/metrics").content
    story.answers["the test"] = admin.post(f"{path}/test").content
    story.answers["a dry run"] = admin.post(f"{path}/dry-run", json={"actionItemId": story.item_id}).content
    patch = {"name": "Renamed", "secrets": {"token": story.credentials["GitHub's token"]}}
    story.answers["a change"] = ok_content(admin.patch(path, json=patch))
    story.answers["a refusal"] = admin.patch(path, json={"secrets": {"tokn": story.credential("a typo")}}).content
    story.answers["the trail"] = admin.get("/api/audit", params={"entityId": integration_id}).content
    visit, page = visitor(story.stack), f"/settings/integrations/{integration_id}"
    for part in ("", "/log", "/accounts"):
        story.answers[f"the page {part}"] = visit.get(f"{page}{part}").encode()
    form = {"name": "Renamed", "c.repository": "wrong", "s.token": story.credential("typed token")}
    answer = visit.send(page, page, form="settings", **form)
    assert answer.status_code == 422
    story.answers["a form that is shown again"] = answer.content


def ok_content(answer: httpx.Response) -> bytes:
    ok(answer)
    return answer.content


def _reviewed(story: Told, path: str, author: Person, reviewer: Person) -> None:
    for turn in range(4):
        ok(author.post(f"{path}/submit", json={"comment": story.text(f"submission {turn}")}))
        decision = {"decision": "REQUEST_CHANGES", "comment": story.text(f"review {turn}")}
        ok(reviewer.post(f"{path}/reviews", json=decision), 201)
    ok(author.post(f"{path}/submit", json={}))
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE", "comment": story.text("approval")}), 201)
    for request in ok(author.get(f"{path}/comments", params={"resolved": False, "threads": True}))["items"]:
        ok(author.patch(f"{path}/comments/{request['id']}", json={"resolved": True}))
    ok(author.post(f"{path}/publish"))


def _refused(story: Told, path: str, author: Person, bodies: list[Json]) -> None:
    """What is refused is no more to be told than what is taken."""
    stranger = story.stack.client(story.credential("token that nobody has"))
    assert stranger.get(path).status_code == 401
    assert author.patch(path, json={"summary": story.text("late"), "nonsense": story.text("odd")}).status_code >= 400
    assert author.post(f"{path}/submit", json={"comment": story.text("twice")}).status_code == 409
    raw = json.dumps({"event": {"note": story.text("forged")}}).encode()
    forged = signed(story.credential("forger's secret"), raw)
    answer = story.stack.client(None).post("/api/webhooks/pagerduty", content=raw, headers=forged)
    assert answer.status_code == 401
    assert author.get("/api/postmortems", params={"q": story.word("search")}).status_code == 200


def histories(runs: list[Run]) -> dict[str, bytes]:
    return {f"{one.workflow_id} {one.run_id}": one.kept for one in runs}


def logs(stack: Stack) -> dict[str, bytes]:
    """Every file that a process wrote into: by name."""
    names = [*stack.home.path.glob("*.log"), *(stack.home.path / "logs").iterdir()]
    return {str(one.relative_to(stack.home.path)): one.read_bytes() for one in names}


def dump(stack: Stack, *tables: str) -> bytes:
    """As a person with a copy of the database reads it. Columns of bytes are in hexadecimal."""
    assert stack.postgres is not None
    words = [word for table in tables for word in ("--table", table)]
    return stack.postgres.ask("pg_dump", "--data-only", "--inserts", *words, "afterword").encode()


def test_no_history_tells_anything(told: Told) -> None:
    ids = (f"postmortem-{told.postmortem_id}", f"action-item-{told.item_id}")

    def complete() -> list[Run]:
        """Listing lags behind."""
        runs = all_runs(told.stack)
        for name in ids:
            assert len([one for one in runs if one.workflow_id == name]) >= 2, "it has continued as new"
        return runs

    runs: list[Run] = eventually(complete)
    assert leaks(histories(runs), told.credentials | told.words) == []
    assert max(one.largest_payload for one in runs) <= PAYLOAD_LIMIT
    control = leaks(histories(runs), {"the postmortem's id": told.postmortem_id, "the item's id": told.item_id})
    assert {name for one in control for name in ids if name in one} == set(ids), "this looks into the right histories"


def test_no_log_tells_anything(told: Told) -> None:
    found = logs(told.stack)
    assert {Path(name).stem for name in found} >= set(PARTS), "each process has one"
    for name in ("api.log", "worker.log"):
        assert told.postmortem_id.encode() in found[name], "this looks into the right logs"
    assert leaks(found, told.credentials | told.words) == []


def test_no_answer_about_a_connection_tells_a_credential(told: Told) -> None:
    assert len(told.answers) > 12
    assert leaks(told.answers, told.credentials) == []
    assert leaks(told.answers, {"the name of one": "webhookSecret"}), "this looks into the right answers"


def test_no_credential_is_readable_in_the_database(told: Told) -> None:
    whole, kept = dump(told.stack), dump(told.stack, "integration", "api_token")
    assert kept.count(b"INSERT INTO public.integration ") == 2
    assert kept.count(b"INSERT INTO public.api_token ") >= 4
    assert leaks({"the database": whole, "its connections and tokens": kept}, told.credentials) == []
    texts = {name: word for name, word in told.words.items() if name in SECTIONS}
    assert len(leaks({"the database": whole}, texts)) == len(SECTIONS), "this reads the right database"


def test_what_is_planted_is_found(told: Told) -> None:
    """The negative control: without it, a scanner that finds nothing says nothing."""
    stack, planted = told.stack, f"planted-{uuid4().hex}"
    word = {"planted": planted}

    async def plant() -> None:
        client = await Client.connect(stack.temporal_address, namespace=stack.namespace)
        note = base64.b64encode(f"as{planted}".encode()).decode()
        for number, argument in enumerate((f"x{planted}", {"deep": [f'"{planted}"']}, note)):
            await client.start_workflow("Planted", argument, id=f"planted-{number}", task_queue="nobody")
        await client.start_workflow("Planted", "x" * 5000, id="large", task_queue="nobody", memo={"note": planted})

    asyncio.run(plant())

    def found() -> bool:
        runs = [one for one in all_runs(stack) if one.workflow_id.startswith(("planted-", "large"))]
        return len(leaks(histories(runs), word)) == 4 and max(one.largest_payload for one in runs) > PAYLOAD_LIMIT

    eventually(found)
    with (stack.home.path / "planted.log").open("w") as log:
        log.write(json.dumps({"event": f"token={planted}"}))
    assert leaks(logs(stack), word) == ["planted in planted.log"]
    assert stack.postgres is not None
    stack.postgres.ask(
        "psql",
        "-d",
        "afterword",
        "-c",
        "insert into integration (id, version, kind, name, config, secrets, is_enabled) "
        f"values ('int_planted', 1, 'console', 'Planted', '{{}}', '{planted}'::bytea, false)",
    )
    assert leaks({"connections": dump(stack, "integration")}, word) == ["planted in connections"]
