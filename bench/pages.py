"""``python -m bench.pages``: how long the server takes for each page, over 10,000 generated postmortems.

By a responder in two teams, by the lead of three teams, and by an administrator; one request at a time.
"""

import statistics
import tempfile
from functools import partial
from pathlib import Path

import httpx

from bench.large import api, milliseconds, viewer
from tests.api.writing import ok
from tests.pages.visiting import HTML, Visitor
from tests.servers import ADMIN_TOKEN
from tests.stack import Stack, running_stack

COUNT = 10_000
ROUNDS = 25
INCIDENTS = 300
PLAIN = (
    "/", "/postmortems", "/postmortems?layout=cards", "/postmortems?status=DRAFT&sort=title", "/postmortems?q=service",
    "/postmortems/new", "/action-items", "/action-items?show=overdue", "/action-items?show=all&sort=priority",
    "/action-items?layout=board", "/incidents", "/incidents?hasPostmortem=false", "/inbox", "/search?q=service",
    "/analytics", "/settings", "/settings/people", "/settings/teams",
    "/settings/notifications", "/settings/templates", "/settings/policies",
)  # fmt: skip
STATUSES = ("DRAFT", "IN_REVIEW", "PUBLISHED", "ARCHIVED")


def browser(url: str, token: str) -> httpx.Client:
    http = httpx.Client(base_url=url, headers=HTML, timeout=60)
    Visitor(http).done("/sign-in", "/sign-in", token=token)
    return http


def token_of(client: httpx.Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


def pages_of(person: httpx.Client) -> list[tuple[str, str]]:
    """Their name, and their path."""
    found = [(path, path) for path in PLAIN]
    for status in STATUSES:
        some = ok(person.get("/api/postmortems", params={"status": status, "limit": 1}))["items"]
        found += [(f"postmortem, {status}", f"/postmortems/{one['id']}") for one in some]
    for one in ok(person.get("/api/action-items", params={"limit": 1}))["items"]:
        found.append(("action item", f"/action-items/{one['id']}"))
    for one in ok(person.get("/api/incidents", params={"limit": 1}))["items"]:
        found.append(("incident", f"/incidents/{one['id']}"))
    return found


def bench_pages(stack: Stack) -> None:
    with api(stack, COUNT) as url:
        admin = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=60)
        for number in range(3):
            ok(admin.patch(f"/api/teams/team_g{number}", json={"leadId": "user_g7"}))
        for number in range(INCIDENTS):
            body = {"externalId": f"bench-{number}", "title": f"Checkout failed {number}", "urgency": "LOW"}
            ok(admin.post("/api/incidents", json=body | {"status": "OPEN"}), 201)
        people = {"responder": viewer(url, "user_g5"), "lead": viewer(url, "user_g7"), "administrator": admin}
        for role, client in people.items():
            http = browser(url, token_of(client))
            for name, path in pages_of(client):
                answers = [http.get(path).status_code for _ in range(3)]
                if answers != [200] * 3:
                    print(f"{role:<14} {name:<40} {answers}")
                    continue
                taken = [milliseconds(partial(http.get, path)) for _ in range(ROUNDS)]
                nearly_all = statistics.quantiles(taken, n=20)[-1]
                print(f"{role:<14} {name:<40} median {statistics.median(taken):6.1f} ms   p95 {nearly_all:6.1f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="afterword-bench-") as folder, running_stack(Path(folder)) as one:
        bench_pages(one)
