"""The commands that are measured: each is given once, to an item or a postmortem of its own."""

import json
from concurrent.futures import Executor

from bench.load import Ask
from tests.api import writing
from tests.api.writing import ok
from tests.stack import Person


def prepare_commands(pool: Executor, author: Person, reviewer: Person, count: int) -> dict[str, list[Ask]]:
    def prepare(_: int) -> tuple[str, str]:
        made = writing.draft(author)
        item = writing.with_item(author, made["id"], author.id)
        ok(author.post(f"/api/postmortems/{made['id']}/reviewers", json={"userIds": [reviewer.id]}), 201)
        return str(made["id"]), str(item["id"])

    mine, theirs = (one.http.headers["Authorization"].removeprefix("Bearer ") for one in (author, reviewer))
    made = list(pool.map(prepare, range(count)))
    start, approve = (json.dumps(one).encode() for one in ({"status": "IN_PROGRESS"}, {"decision": "APPROVE"}))
    return {
        "update an action item": [Ask(f"/api/action-items/{item}", mine, "PATCH", start) for _, item in made],
        "submit": [Ask(f"/api/postmortems/{one}/submit", mine, "POST", b"{}") for one, _ in made],
        "approve": [Ask(f"/api/postmortems/{one}/reviews", theirs, "POST", approve) for one, _ in made],
    }
