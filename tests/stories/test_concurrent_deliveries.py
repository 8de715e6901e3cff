"""Webhooks on a bad day: many at once, each many times, in any order. Nothing is applied twice."""

import asyncio
import hashlib
import hmac
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from domain.escalation.targets import TargetName
from models.audit import AuditEntry
from models.integration import WebhookDelivery
from tests.api.writing import draft, ok, with_item
from tests.organisation import PAYLOADS, Json, Organisation, new_organisation, signed
from tests.peers.emulate import EmulatedGithub
from tests.stack import Stack, eventually
from tests.telling import tracked

TIMES = 10
INCIDENTS = 10
LIFE = (("triggered", 0), ("acknowledged", 3), ("responder_added", 7), ("annotated", 20), ("resolved", 45))
Sending = tuple[bytes, dict[str, str]]


def lives(organisation: Organisation, start: datetime) -> list[list[Json]]:
    """Each incident's events in order. Two incidents share a service, and only the first service is known before.

    The last two are of low urgency and over in a minute: they need no postmortem.
    """
    mark, told = organisation.service["name"].rpartition("-")[2], []
    for number in range(INCIDENTS):
        begun, small = start + timedelta(minutes=number), number >= INCIDENTS - 2
        service = organisation.service["name"] if number < 2 else f"service-{number // 2}-{mark}"
        life = []
        for step, (kind, minutes) in enumerate(LIFE):
            body = json.loads((PAYLOADS / f"{kind}.json").read_text())
            event, data = body["event"], body["event"]["data"]
            at = begun + (timedelta(seconds=10 * step) if small else timedelta(minutes=minutes))
            event |= {"id": f"01{number:02}{step}{mark}", "occurred_at": at.isoformat()}
            about = data.get("incident", data)
            about |= {"id": f"Q{number:02}{mark}"}
            if about is data:
                data |= {"title": f"Slow answers {number}", "created_at": begun.isoformat()}
                data["urgency"] = "low" if small else "high"
                data["service"]["summary"] = service
            else:
                about["summary"] = f"Slow answers {number}"
            for one in (event["agent"], *data.get("assignees", [])):
                if address := organisation.emails.get(one["summary"]):
                    one["email"] = address
            life.append(body)
        told.append(life)
    return told


async def all_at_once(url: str, sendings: Sequence[Sending]) -> list[httpx.Response]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
        return await asyncio.gather(*(delivered(client, url, *one) for one in sendings))


async def delivered(client: httpx.AsyncClient, url: str, raw: bytes, signature: dict[str, str]) -> httpx.Response:
    """As vendors do, which send again what is refused for now: on a busy machine, a lock is held for seconds."""
    for attempt in range(6):
        answer = await client.post(url, content=raw, headers={"Content-Type": "application/json", **signature})
        if answer.status_code != 503:
            break
        await asyncio.sleep(2**attempt / 4)
    return answer


def shuffled(sendings: Sequence[Sending], seed: int) -> list[Sending]:
    many = [one for one in sendings for _ in range(TIMES)]
    random.Random(seed).shuffle(many)
    return many


def answered(url: str, sendings: Sequence[Sending]) -> Counter[tuple[int, str]]:
    started = time.perf_counter()
    answers = asyncio.run(all_at_once(url, sendings))
    seconds = time.perf_counter() - started
    print(f"\n{len(sendings)} deliveries at once: {seconds:.1f} s, {len(sendings) / seconds:.0f} a second")  # noqa: T201
    wrong = [one.text for one in answers if one.status_code not in {200, 202}]
    assert not wrong, wrong[:3]
    return Counter((one.status_code, one.json()["status"]) for one in answers)


@contextmanager
def reading_meanwhile(person: httpx.Client) -> Iterator[list[int]]:
    """Somebody reads all the while; the statuses of their answers."""
    over, statuses = threading.Event(), list[int]()

    def read() -> None:
        while not over.is_set():
            statuses.append(person.get("/api/me").status_code)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield statuses
    finally:
        over.set()
        thread.join()


def told_of(organisation: Organisation, life: list[Json]) -> Json:
    """Everything that people can see of an incident and its postmortem, but for when and under which ids."""
    stack = organisation.stack
    admin = stack.client()
    incident = organisation.incident(life[0]["event"]["data"]["id"])
    seen: Json = {name: value for name, value in incident.items() if name not in {"id", "createdAt", "updatedAt"}}
    seen["teamId"] = seen["teamId"] == organisation.team_id
    seen["postmortemId"], ids = bool(seen["postmortemId"]), seen.pop("postmortemIds")
    seen["postmortems"] = []
    people: dict[str, str] = {}
    for one in ids:
        full = ok(admin.get(f"/api/postmortems/{one}"))
        for person in {full["authorId"], *full["participants"]} - {None}:
            people[person] = ok(admin.get(f"/api/users/{person}"))["email"]
        listed = ok(admin.get(f"/api/postmortems/{one}/targets"))["items"]
        seen["postmortems"].append(
            {name: full[name] for name in ("title", "status", "summary", "durationMinutes", "incidentResolvedAt")}
            | {
                "services": [service["name"] for service in full["services"]],
                "teams": full["teamIds"] == [organisation.team_id],
                "author": people.get(full["authorId"]),
                "participants": [people[person] for person in full["participants"]],
                "timeline": [[line[key] for key in ("at", "event", "type", "actor")] for line in full["timeline"]],
                "targets": [[target["name"], target["dueAt"]] for target in listed],
            }
        )
    return seen


def without_mark(organisation: Organisation, told: Json) -> Json:
    mark = organisation.service["name"].rpartition("-")[2]
    plain: Json = json.loads(json.dumps(told).replace(mark, "MARK"))
    return plain


async def rows(stack: Stack, statement: Any) -> list[Any]:
    engine = create_async_engine(stack.database_url)
    async with AsyncSession(engine) as session:
        found = list((await session.execute(statement)).all())
    await engine.dispose()
    return found


def deliveries_of(stack: Stack, integration_id: str) -> list[Any]:
    statement = select(WebhookDelivery.delivery_id, WebhookDelivery.result, WebhookDelivery.handled_at)
    return asyncio.run(rows(stack, statement.where(WebhookDelivery.integration_id == integration_id)))


def trail_of(stack: Stack, entity_id: str) -> Counter[str]:
    statement = select(AuditEntry.action, func.count()).where(AuditEntry.entity_id == entity_id)
    return Counter({row[0]: row[1] for row in asyncio.run(rows(stack, statement.group_by(AuditEntry.action)))})


def test_five_hundred_deliveries_of_fifty_events(stack: Stack) -> None:
    together, ordered = new_organisation(stack), new_organisation(stack)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
    for life in lives(ordered, start):
        for body in life:
            ok(ordered.send(body), 202)

    told = lives(together, start)
    raws = [json.dumps(body).encode() for life in told for body in life]
    assert len(set(raws)) == INCIDENTS * len(LIFE) == 50
    many = shuffled([(raw, signed(together.secret, raw)) for raw in raws], seed=50)
    assert len(many) == 500
    with reading_meanwhile(stack.client()) as statuses:
        assert answered(together.pagerduty["webhookUrl"], many) == {(202, "accepted"): 50, (200, "duplicate"): 450}
    print(f"somebody else read {len(statuses)} times meanwhile")  # noqa: T201
    assert set(statuses) == {200}

    eventually(lambda: all(one.handled_at for one in deliveries_of(stack, together.pagerduty["id"])))
    kept = deliveries_of(stack, together.pagerduty["id"])
    assert len(kept) == len({one.delivery_id for one in kept}) == 50
    assert {one.result for one in kept} == {"applied"}
    path = f"/api/integrations/{together.pagerduty['id']}/deliveries"
    logged = ok(stack.client().get(path, params={"limit": 100}))["items"]
    assert Counter(one["result"] for one in logged) == {"applied": 50}

    opened = 0
    for life, same in zip(told, lives(ordered, start), strict=True):
        incident = together.incident(life[0]["event"]["data"]["id"])
        assert without_mark(together, told_of(together, life)) == without_mark(ordered, told_of(ordered, same))
        assert trail_of(stack, incident["id"]) == {"incident.reported": 1, "incident.updated": 4}
        assert incident["version"] == 5
        assert len(incident["timeline"]) == len({(one["at"], one["event"]) for one in incident["timeline"]}) == 5
        assert len(incident["postmortemIds"]) == (incident["decision"]["decision"] == "required")
        for postmortem_id in incident["postmortemIds"]:
            trail, opened = trail_of(stack, postmortem_id), opened + 1
            assert trail["postmortem.created"] == 1
            assert trail["postmortem.refreshed"] <= 4
            full = ok(stack.client().get(f"/api/postmortems/{postmortem_id}"))
            assert len(full["timeline"]) == len({(one["at"], one["event"]) for one in full["timeline"]}) == 5
            assert full["version"] == 1 + trail["postmortem.refreshed"]
            targets = ok(stack.client().get(f"/api/postmortems/{postmortem_id}/targets"))["items"]
            assert {one["name"] for one in targets} == {name.value for name in TargetName}
    assert opened == INCIDENTS - 2


def test_github_tells_thirty_changes_of_one_issue_ten_times_each(
    organisation: Organisation, emulate_github: EmulatedGithub
) -> None:
    stack, person = organisation.stack, organisation.bo
    item = with_item(person, draft(person)["id"], person.id)
    follower = tracked(organisation, item["id"], emulate_github)
    (issue,) = emulate_github.issues()
    before, start = follower.item(), datetime.now(UTC) + timedelta(minutes=1)
    bodies: dict[str, bytes] = {}
    for number in range(30):
        closed = number % 2 == 0
        at = (start + timedelta(minutes=number)).isoformat()
        change: Json = {"state": "closed", "state_reason": "completed"} if closed else {"state": "open"}
        told = {"action": "closed" if closed else "reopened", "issue": issue | change | {"updated_at": at}}
        told["sender"] = {"login": emulate_github.other_account}
        bodies[str(uuid4())] = json.dumps(told).encode()
    sendings = [
        (
            raw,
            {
                "X-GitHub-Event": "issues",
                "X-GitHub-Delivery": delivery_id,
                "X-Hub-Signature-256": "sha256=" + hmac.new(follower.secret.encode(), raw, hashlib.sha256).hexdigest(),
            },
        )
        for delivery_id, raw in bodies.items()
    ]
    many = shuffled(sendings, seed=30)
    url = follower.integration["webhookUrl"]
    assert answered(url, many) == {(202, "accepted"): 30, (200, "duplicate"): 270}

    def mine() -> list[Any]:
        return [one for one in deliveries_of(stack, follower.integration["id"]) if one.delivery_id in bodies]

    eventually(lambda: all(one.handled_at for one in mine()))
    kept = mine()
    assert len(kept) == 30
    results = Counter(one.result for one in kept)
    moves = results["OPEN to COMPLETED"] + results["COMPLETED to OPEN"]
    assert moves + results["stale"] + results["unchanged"] == 30, results
    after = follower.item()
    assert after["status"] == "OPEN", "as the last change says"
    assert after["version"] - before["version"] == moves
    trail = trail_of(stack, item["id"])
    assert sum(times for action, times in trail.items() if action == "action_item.updated") == moves, trail
    heard = Counter(one["deliveryId"] for one in follower.heard() if one["deliveryId"] in bodies)
    assert heard == dict.fromkeys(bodies, 1), "each is in the sync log once"
    assert len(emulate_github.issues()) == 1


def test_deliveries_that_name_the_same_new_services_and_people_in_any_order(stack: Stack) -> None:
    admin, secret = stack.client(), uuid4().hex
    body = {"kind": "generic", "name": "Monitoring", "secrets": {"webhookSecret": secret}}
    made, dice = ok(admin.post("/api/integrations", json=body), 201), random.Random(7)
    for turn in range(5):
        mark, sendings = uuid4().hex[:8], []
        for number in range(20):
            services, people = (
                [f"s{one}-{mark}" for one in range(6)],
                [f"p{one}-{mark}@example.com" for one in range(6)],
            )
            dice.shuffle(services)
            dice.shuffle(people)
            told = [
                {
                    "externalId": f"{mark}-{number}-{one}" if one else f"{mark}-shared-{number % 2}",
                    "title": f"Alarm {one}",
                    "source": "generic",
                    "services": [services[one]],
                    "responders": [{"email": people[one]}],
                }
                for one in range(6)
            ]
            dice.shuffle(told)
            raw = json.dumps(told).encode()
            signature = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
            sendings.append((raw, {"X-Hub-Signature-256": signature, "X-Delivery-Id": f"{mark}-{number}"}))
        assert answered(made["webhookUrl"], sendings) == {(202, "accepted"): 20}, turn
