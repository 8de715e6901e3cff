"""``afterword simulate``: the reminders of a policy, without a server."""

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.api.writing import ok
from tests.cli.running import ROOT, environment
from tests.stack import Stack

MONDAY = "2026-11-23T08:00:00Z"


def simulate(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", "simulate", *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """Neither a database nor a server, and no zone files but Python's own."""
    return environment(tmp_path / "home", 8000, PYTHONTZPATH="")


def rows_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_the_docs_show_what_it_prints(alone: dict[str, str], tmp_path: Path) -> None:
    shown = re.search(
        r"```sh\n\.venv/bin/afterword (simulate [^\n]*)\n```\n\n```text\n(.*?)```",
        (ROOT / "docs" / "policies.md").read_text(),
        re.S,
    )
    assert shown is not None
    done = simulate(alone, *shown[1].split()[1:])
    assert done.stdout == shown[2]
    assert not (tmp_path / "home").exists()


def test_json_rows(alone: dict[str, str]) -> None:
    rows = rows_of(simulate(alone, "--from", MONDAY, "--json"))
    assert rows[0] == {
        "at": "2026-11-23T16:00:00Z",
        "target": "draft_started",
        "rung": "before_due",
        "to": "owner",
        "channel": "inbox",
    }
    assert {one["target"] for one in rows} == {"draft_started", "draft_completed", "review_completed", "published"}
    assert {one["rung"] for one in rows} == {"before_due", "due", "+1", "+3", "+5", "weekly"}
    for one in rows:
        at = datetime.fromisoformat(one["at"])
        assert at.isoweekday() <= 5
        assert 9 <= at.hour < 17
    assert rows == rows_of(simulate(alone, "--from", "2026-11-23T13:45:00+05:45", "--json"))
    longer = rows_of(simulate(alone, "--from", MONDAY, "--days", "60", "--json"))
    assert longer[: len(rows)] == rows
    assert len(longer) > len(rows)


def test_a_policy_of_the_database(stack: Stack, admin: httpx.Client) -> None:
    team = ok(admin.post("/api/teams", json={"name": f"Team {uuid4().hex[:8]}"}), 201)
    body = {
        "name": "Kathmandu's",
        "teamId": team["id"],
        "calendar": {"timeZone": "Asia/Kathmandu", "closedOn": ["2026-11-25"]},
        "targets": {"draft_started": {"hours": 16, "counted": "WORKING"}},
    }
    policy = ok(admin.post("/api/policies", json=body), 201)
    words = ("--policy", policy["id"], "--from", MONDAY)
    rows = rows_of(simulate(stack.environment(), *words, "--json"))
    asked = {"from": MONDAY, "days": 30}
    assert rows == ok(admin.get(f"/api/policies/{policy['id']}/simulation", params=asked))["items"]
    local = [datetime.fromisoformat(one["at"]).astimezone(ZoneInfo("Asia/Kathmandu")) for one in rows]
    assert all(9 <= at.hour < 17 and at.isoweekday() <= 5 and at.day != 25 for at in local if at.month == 11)
    told = simulate(stack.environment(), *words).stdout
    assert told.startswith("Kathmandu's: resolved Mon 2026-11-23 13:45 Asia/Kathmandu")
    assert all("Asia/Kathmandu" in line for line in told.splitlines()[3:])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--from", "yesterday"), "--from needs an ISO 8601 time"),
        (("--from", "0001-01-01T00:00:00+05:00"), "--from needs an ISO 8601 time"),
        (("--from", MONDAY, "--policy", "pol_x"), "AFTERWORD_DATABASE_URL isn't set"),
    ],
)
def test_what_cannot_be_is_one_line(alone: dict[str, str], words: tuple[str, ...], says: str) -> None:
    done = simulate(alone, *words)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_policy_that_is_not_there(stack: Stack) -> None:
    done = simulate(stack.environment(), "--from", MONDAY, "--policy", "pol_none")
    assert done.returncode == 1
    assert done.stderr == "afterword: the database has no policy 'pol_none'\n"
