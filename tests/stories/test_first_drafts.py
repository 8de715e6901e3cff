"""A draft follows its incident until a person edits it; what people decided before that stays."""

import asyncio
import itertools
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from models.escalation import Policy
from tests.api.writing import ok
from tests.organisation import Json, Organisation
from tests.stack import Stack, eventually
from workflows.postmortem import PostmortemWorkflow


def opened(organisation: Organisation, events: list[Json]) -> Json:
    (found,) = organisation.postmortems(organisation.incident(events[0]["event"]["data"]["id"])["id"])
    return dict(ok(organisation.stack.client().get(f"/api/postmortems/{found['id']}")))


def drafted(organisation: Organisation, events: list[Json]) -> Json:
    """The draft of the events' incident, which has no team yet. Other tests write postmortems meanwhile."""
    listed = ok(organisation.stack.client().get("/api/postmortems", params={"limit": 100}))["items"]
    (found,) = [one for one in listed if events[0]["event"]["data"]["title"] in one["title"]]
    return dict(found)


def targets(organisation: Organisation, postmortem_id: str) -> dict[str, Json]:
    listed = ok(organisation.stack.client().get(f"/api/postmortems/{postmortem_id}/targets"))
    return {one["name"]: one for one in listed["items"]}


def hours_of(organisation: Organisation, postmortem: Json, resolved_at: str) -> dict[str, float]:
    """How long after the resolution each target is due."""
    start = datetime.fromisoformat(resolved_at)
    told = targets(organisation, postmortem["id"])
    return {name: (datetime.fromisoformat(one["dueAt"]) - start) / timedelta(hours=1) for name, one in told.items()}


def add_policy(stack: Stack, **columns: Any) -> str:
    async def add() -> str:
        engine = create_async_engine(stack.database_url)
        async with AsyncSession(engine) as session, session.begin():
            policy = Policy(id=f"pol_{uuid4().hex[:12]}", version=1, name="A test's own", **columns)
            session.add(policy)
            name = policy.id
        await engine.dispose()
        return name

    return asyncio.run(add())


def next_deadline(stack: Stack, postmortem_id: str) -> datetime | None:
    """Of its running workflow, as an operator would ask."""

    async def ask() -> datetime | None:
        client = await Client.connect(
            stack.temporal_address, namespace=stack.namespace, data_converter=pydantic_data_converter
        )
        state = await client.get_workflow_handle(f"postmortem-{postmortem_id}").query(PostmortemWorkflow.state)
        return state.next_deadline.at if state and state.next_deadline else None

    return asyncio.run(ask())


DEFAULT = {"draft_started": 24, "draft_completed": 48, "review_completed": 168, "published": 336}
FAST = {"draft_started": 1, "draft_completed": 2, "review_completed": 3, "published": 4}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=lambda order: "".join(map(str, order)))
def test_the_acknowledger_writes_in_whatever_order_events_come(
    organisation: Organisation, order: tuple[int, ...]
) -> None:
    events = organisation.events()
    for place in order:
        ok(organisation.send(events[place]), 202)
    draft = opened(organisation, events)
    assert draft["authorId"] == organisation.bo.id
    assert len(draft["timeline"]) == 3
    trail = ok(organisation.stack.client().get(f"/api/postmortems/{draft['id']}/audit"))["items"]
    chosen = [one["after"]["author_id"] for one in trail if "author_id" in (one["after"] or {})]
    assert chosen in ([], [organisation.bo.id]), "at most one change of mind, and audited"


def test_an_author_whom_a_person_chose_stays(organisation: Organisation) -> None:
    events, chosen = organisation.events(), organisation.stack.person()
    ok(organisation.send(events[2]), 202)
    draft = opened(organisation, events)
    assert draft["authorId"] == organisation.ada.id, "nobody is known to have acknowledged yet"
    ok(organisation.stack.client().patch(f"/api/postmortems/{draft['id']}", json={"authorId": chosen.id}))
    for place in (1, 0):
        ok(organisation.send(events[place]), 202)
    after = opened(organisation, events)
    assert after["authorId"] == chosen.id
    assert len(after["timeline"]) == 3, "nobody has written: everything else follows the incident"


def test_teams_that_a_person_chose_stay(organisation: Organisation) -> None:
    events, admin = organisation.events(), organisation.stack.client()
    other = ok(admin.post("/api/teams", json={"name": f"Other {uuid4().hex[:8]}"}), 201)
    ok(organisation.send(events[2]), 202)
    draft = opened(organisation, events)
    ok(admin.patch(f"/api/postmortems/{draft['id']}", json={"teamIds": [other["id"]]}))
    ok(organisation.send(events[1]), 202)
    after = ok(admin.get(f"/api/postmortems/{draft['id']}"))
    assert (after["teamIds"], after["authorId"]) == ([other["id"]], organisation.ada.id), "nor does the author change"


def test_after_a_person_has_written_nothing_changes(organisation: Organisation) -> None:
    events = organisation.events()
    ok(organisation.send(events[2]), 202)
    path = f"/api/postmortems/{opened(organisation, events)['id']}"
    written = ok(organisation.ada.patch(path, json={"summary": "I was there."}))
    for place in (1, 0):
        ok(organisation.send(events[place]), 202)
    after = ok(organisation.ada.get(path))
    assert [after[name] for name in ("authorId", "timeline", "version", "summary")] == [
        written[name] for name in ("authorId", "timeline", "version", "summary")
    ]


def test_whoever_is_asked_to_review_does_not_become_the_author(organisation: Organisation) -> None:
    events = organisation.events()
    ok(organisation.send(events[2]), 202)
    path = f"/api/postmortems/{opened(organisation, events)['id']}"
    ok(organisation.stack.client().post(f"{path}/reviewers", json={"userIds": [organisation.bo.id]}), 201)
    ok(organisation.send(events[1]), 202)
    assert opened(organisation, events)["authorId"] == organisation.ada.id
    refused = organisation.stack.client().patch(path, json={"authorId": organisation.bo.id})
    assert (refused.status_code, refused.json()["code"]) == (409, "AuthorCannotReview")


def test_a_team_that_is_told_late_brings_its_policy(organisation: Organisation) -> None:
    stack, events = organisation.stack, organisation.events()
    add_policy(stack, team_id=organisation.team_id, hours=FAST)
    resolved_at = events[2]["event"]["occurred_at"]
    events[2]["event"]["data"]["service"]["summary"] = f"nobody's {uuid4().hex[:8]}"
    ok(organisation.send(events[2]), 202)
    draft = drafted(organisation, events)
    path = f"/api/postmortems/{draft['id']}"
    assert draft["teamIds"] == []
    assert hours_of(organisation, draft, resolved_at) == DEFAULT
    ok(organisation.send(events[0]), 202)
    assert ok(stack.client().get(path))["teamIds"] == [organisation.team_id]
    assert hours_of(organisation, draft, resolved_at) == FAST
    first = datetime.fromisoformat(resolved_at) + timedelta(hours=1)
    eventually(lambda: next_deadline(stack, draft["id"]) == first)


def test_a_team_that_is_told_once_a_person_has_acted_is_a_proposal(organisation: Organisation) -> None:
    stack, events, admin = organisation.stack, organisation.events(), organisation.stack.client()
    add_policy(stack, team_id=organisation.team_id, hours=FAST)
    resolved_at = events[2]["event"]["occurred_at"]
    events[2]["event"]["data"]["service"]["summary"] = f"nobody's {uuid4().hex[:8]}"
    ok(organisation.send(events[2]), 202)
    draft = drafted(organisation, events)
    path = f"/api/postmortems/{draft['id']}"
    ok(admin.post(f"{path}/targets/published/waive", json={"reason": "Holidays"}))
    ok(organisation.send(events[0]), 202)
    assert ok(admin.get(path))["teamIds"] == []
    ok(admin.post(f"{path}/teams/{organisation.team_id}/confirm"))
    assert ok(admin.get(path))["teamIds"] == [organisation.team_id]
    assert hours_of(organisation, draft, resolved_at) == DEFAULT, "targets that people have worked with stay"
    assert targets(organisation, draft["id"])["published"]["state"] == "WAIVED"


def test_an_urgency_that_is_told_late_changes_the_policy_and_back_again(organisation: Organisation) -> None:
    stack, events = organisation.stack, organisation.events()
    add_policy(stack, team_id=organisation.team_id, urgency="HIGH", hours=FAST)
    resolved_at = events[2]["event"]["occurred_at"]
    for body in events:
        ok(organisation.send(body), 202)
    draft = opened(organisation, events)
    assert hours_of(organisation, draft, resolved_at) == FAST
    for minutes, urgency, expected in ((46, "low", DEFAULT), (47, "high", FAST)):
        (change,) = [one for one in organisation.events() if one["event"]["event_type"] == "incident.resolved"]
        event = change["event"]
        event["data"] = {**events[2]["event"]["data"], "urgency": urgency, "status": "resolved"}
        at = datetime.fromisoformat(events[0]["event"]["occurred_at"]) + timedelta(minutes=minutes)
        event |= {"event_type": "incident.priority_updated", "occurred_at": at.isoformat()}
        ok(organisation.send(change), 202)
        assert hours_of(organisation, draft, resolved_at) == expected, urgency
