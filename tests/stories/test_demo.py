"""What a newcomer pastes: the product document's two curl examples and the README's tour, against the demo data."""

import json
import os
import re
import subprocess
from collections.abc import Iterator

import httpx
import pytest

from tests.api.writing import ok
from tests.stack import ADMIN_TOKEN, ROOT, Stack, shared_stack

CREATE = """curl -X POST "https://your-opsknight.com/api/postmortems" \\
  -H "Authorization: Bearer YOUR_API_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "title": "Payment API Outage - Jan 15",
    "incidentId": "inc_abc123",
    "summary": "Database connection pool exhaustion caused 45-minute outage",
    "status": "DRAFT"
  }'"""
ADD_ITEM = """curl -X POST "https://your-opsknight.com/api/postmortems/pm_xyz/action-items" \\
  -H "Authorization: Bearer YOUR_API_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "description": "Add connection pool monitoring",
    "ownerId": "user_jane",
    "dueDate": "2024-01-22",
    "priority": "HIGH"
  }'"""


@pytest.fixture(scope="module")
def demo() -> Iterator[Stack]:
    with shared_stack(demo=True) as stack:
        yield stack


def pasted(stack: Stack, command: str) -> str:
    """Runs it in a shell; only the address and the token are ours."""
    command = command.replace("https://your-opsknight.com", stack.url).replace("YOUR_API_TOKEN", ADMIN_TOKEN)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        env={**os.environ, "AFTERWORD": stack.url, "TOKEN": ADMIN_TOKEN},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def test_the_product_documents_create_example(demo: Stack) -> None:
    made = json.loads(pasted(demo, CREATE))
    assert made["title"] == "Payment API Outage - Jan 15"
    assert made["summary"] == "Database connection pool exhaustion caused 45-minute outage"
    assert (made["status"], made["incidentId"], made["durationMinutes"]) == ("DRAFT", "inc_abc123", 45)
    assert len(made["timeline"]) == 7
    assert [one["name"] for one in made["services"]] == ["payments-api"]


def test_the_product_documents_action_item_example(demo: Stack) -> None:
    made = json.loads(pasted(demo, ADD_ITEM))
    assert made["postmortemId"] == "pm_xyz"
    assert (made["ownerId"], made["dueDate"], made["priority"]) == ("user_jane", "2024-01-22", "HIGH")
    assert (made["status"], made["overdue"]) == ("OPEN", True)


def test_the_tour_works_as_pasted(demo: Stack) -> None:
    tour = (ROOT / "README.md").read_text().split("## Five minutes with curl")[1].split("## Connect")[0]
    blocks = re.findall(r"```sh\n(.*?)```", tour, flags=re.DOTALL)
    assert len(blocks) == 11
    script = "\n".join(blocks).replace(
        "export AFTERWORD=http://127.0.0.1:8000 TOKEN=$(cat .afterword/bootstrap_token)", ""
    )
    printed = pasted(demo, script)
    assert "None" not in printed, "a field that an answer doesn't have"
    assert "NotReadyToPublish" in printed
    assert len(printed.splitlines()) < 80
    assert max(map(len, printed.splitlines())) < 400
    admin = demo.client()
    assert ok(admin.get("/api/integrations"))["items"] == []
    assert ok(admin.get("/api/postmortems/pm_xyz"))["status"] == "PUBLISHED"
    (meeting,) = ok(admin.get("/api/postmortems/pm_xyz/meetings"))["items"]
    assert (meeting["status"], meeting["startsAt"]) == ("SCHEDULED", "2027-03-04T15:00:00Z")
    (link,) = ok(admin.get("/api/postmortems/pm_xyz/share-links"))["items"]
    shown = httpx.get(f"{demo.url}/p/{link['url'].rpartition('/')[2]}")
    assert "no payment was lost" in shown.text
    newest = ok(admin.get("/api/postmortems?limit=1"))["items"][0]
    assert (newest["title"], newest["status"]) == ("Login is slow", "DRAFT")


def test_similar_postmortems_and_escalations_have_something_to_show(demo: Stack) -> None:
    admin = demo.client()
    similar = ok(admin.get("/api/postmortems/pm_xyz/similar"))["items"]
    assert [one for one in similar if one["openActionItems"]]
    published = ok(admin.get("/api/postmortems?slippedTarget=published&limit=1"))["items"][0]["id"]
    targets = ok(admin.get(f"/api/postmortems/{published}/targets"))["items"]
    assert [one for target in targets for one in target["escalations"]]


def test_the_first_page_has_something_in_it(demo: Stack) -> None:
    admin = demo.client()
    assert {one["id"] for one in ok(admin.get("/api/postmortems"))["items"]} >= {"pm_xyz", "pm_cachefail"}
    assert len(ok(admin.get("/api/incidents"))["items"]) >= 3
    assert ok(admin.get("/api/incidents/inc_abc123/decision"))["decision"] == "required"


def test_a_year_of_history_fills_every_list_and_chart(demo: Stack) -> None:
    admin = demo.client()
    published = ok(admin.get("/api/postmortems?status=PUBLISHED&status=ARCHIVED&limit=200"))["items"]
    assert len(published) >= 30
    assert {one["status"] for one in published} == {"PUBLISHED", "ARCHIVED"}
    assert len({one["rootCauseCategory"] for one in published}) >= 5
    (waiting,) = ok(admin.get("/api/incidents?hasPostmortem=false&status=RESOLVED&q=exports"))["items"]
    assert (waiting["id"], waiting["decision"]["decision"]) == ("inc_slowexports", "recommended")
    items = {
        shown: ok(admin.get(f"/api/action-items?status={shown}&limit=200"))["items"]
        for shown in ("COMPLETED", "WONT_DO", "OPEN", "overdue")
    }
    assert all(items.values())
    late = [one for one in items["COMPLETED"] if one["completedAt"][:10] > one["dueDate"]]
    assert 0 < len(late) < len(items["COMPLETED"]) / 2
    report = ok(admin.get("/api/analytics"))
    for trend in ("rootCauses", "services", "actionItemTypes", "teams"):
        assert len(report["trends"][trend]) >= 3, trend
    assert report["metrics"]["medianDaysToComplete"]["value"]
    assert report["metrics"]["overdueItems"]["value"]
    one = published[-1]["id"]
    assert len(ok(admin.get(f"/api/postmortems/{one}/timeline"))["items"]) == 5
    assert ok(admin.get(f"/api/postmortems/{one}/comments"))["items"]
    assert ok(admin.get(f"/api/postmortems/{one}/reviews"))["items"]
