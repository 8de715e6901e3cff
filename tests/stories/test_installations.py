"""Installations that people have: an older PostgreSQL, and one that is restored from a backup."""

import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from runtime.embedded import postgres
from runtime.processes import environment_without
from tests.api.writing import ok, ready
from tests.peers import postgresql_15
from tests.servers import servers
from tests.stack import Person, shared_stack


def _publish(author: Person, reviewer: Person, made: dict[str, Any]) -> None:
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/submit", json={}))
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    assert ok(author.post(f"{path}/publish", json={}))["status"] == "PUBLISHED"
    found = ok(author.get("/api/search", params={"q": made["title"]}))
    assert made["id"] in [one["postmortem"]["id"] for one in found["items"]]


def test_a_lifecycle_on_postgresql_15(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    with (
        postgresql_15.running(tmp_path / "fifteen") as url,
        shared_stack(shared_database=url) as stack,
    ):
        author, reviewer = stack.person(), stack.person()
        _publish(author, reviewer, ready(author, [reviewer]))


def test_a_restored_backup_goes_on_where_it_was(tmp_path: Path) -> None:
    """The database alone, without Temporal's data: as docs/operating.md says it."""
    with shared_stack() as stack:
        author, reviewer = stack.person(), stack.person()
        made = ready(author, [reviewer])
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
        _publish(author, reviewer, made)


def _program(name: str, url: str, *words: str) -> None:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    address = [f"--host={query['host'][0]}", f"--port={query['port'][0]}", "--username=postgres"]
    command = [str(postgres._programs() / name), *address, f"--dbname={parts.path[1:]}", *words]
    subprocess.run(command, env=environment_without("PG"), check=True, capture_output=True)
