"""Installations that people have: an older PostgreSQL, and one that is restored from a backup."""

import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from runtime.embedded import postgres
from runtime.processes import environment_without
from tests.api.writing import ok
from tests.peers import postgresql_15
from tests.servers import servers
from tests.stack import Person, Stack, eventually, shared_stack

TEXT = {"summary": "The queue was full.", "rootCause": "A deploy removed the limit."}


def _begin(stack: Stack) -> tuple[Person, dict[str, Any]]:
    author = stack.person()
    made = ok(author.post("/api/postmortems", json={"title": "Queue full", "impact": "Orders waited.", **TEXT}), 201)
    item = {"title": "Put the limit back", "priority": "HIGH", "ownerId": author.id, "dueDate": "2027-01-15"}
    ok(author.post(f"/api/postmortems/{made['id']}/action-items", json=item), 201)
    return author, dict(made)


def _publish(stack: Stack, author: Person, postmortem_id: str) -> None:
    reviewer = stack.person()
    path = f"/api/postmortems/{postmortem_id}"
    event = {"at": "2026-03-01T10:00:00Z", "event": "The alert fired."}
    ok(author.post(f"{path}/timeline", json=event), 201)
    texts = dict.fromkeys(
        ("summary", "impact", "rootCause", "resolution", "lessonsLearned", "contributingFactors"), "Yes."
    )
    ok(author.patch(path, json={**texts, "detection": "By alert.", "response": "Rolled back."}))
    ok(author.post(f"{path}/submit", json={"reviewerIds": [reviewer.id]}))
    ok(reviewer.post(f"{path}/approve"))
    eventually(lambda: ok(author.get(path))["status"] in {"REVIEWED", "PUBLISHED"}, 20)
    if ok(author.get(path))["status"] == "REVIEWED":
        ok(author.post(f"{path}/publish"))
    assert ok(author.get(path))["status"] == "PUBLISHED"
    found = ok(author.get("/api/search", params={"q": "limit deploy"}))
    assert [one["postmortemId"] for one in found["items"]] == [postmortem_id]


def test_a_lifecycle_on_postgresql_15(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    with (
        postgresql_15.running(tmp_path / "fifteen") as url,
        shared_stack(shared_database=url) as stack,
    ):
        author, made = _begin(stack)
        _publish(stack, author, made["id"])


def test_a_restored_backup_goes_on_where_it_was(tmp_path: Path) -> None:
    """The database alone, without Temporal's data: as docs/operating.md says it."""
    with shared_stack() as stack:
        author, made = _begin(stack)
        secrets = {"kind": "pagerduty", "name": "Pages", "secrets": {"webhookSecret": "kept"}}
        connection = ok(stack.client().post("/api/integrations", json=secrets), 201)
        dump = tmp_path / "backup"
        _program("pg_dump", stack.database_url, "--format=custom", f"--file={dump}")
        for name in ("api", "worker"):
            stack.kill(name)
        stack.shared_database = servers().database("template0")
        _program("pg_restore", stack.database_url, "--no-owner", "--exit-on-error", str(dump))
        stack.namespace = servers().namespace()
        stack.run("migrate")
        for name in ("api", "worker"):
            stack.start(name)
        stack.wait_until_ready()
        assert ok(author.get(f"/api/postmortems/{made['id']}"))["title"] == made["title"]
        assert ok(stack.client().get(f"/api/integrations/{connection['id']}"))["secretNames"] == ["webhookSecret"]
        _publish(stack, author, made["id"])


def _program(name: str, url: str, *words: str) -> None:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    address = [f"--host={query['host'][0]}", f"--port={query['port'][0]}", "--username=postgres"]
    command = [str(postgres._programs() / name), *address, f"--dbname={parts.path[1:]}", *words]
    subprocess.run(command, env=environment_without("PG"), check=True, capture_output=True)
