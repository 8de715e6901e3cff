"""What a client can't change it may send back as it was; another value is refused, at every door for changes."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.stack import Person, Stack

Made = Callable[[Person, Person], str]


def _postmortem(_admin: Person, author: Person) -> str:
    return f"/api/postmortems/{writing.draft(author)['id']}"


def _item(_admin: Person, author: Person) -> str:
    made = writing.draft(author)
    return f"/api/action-items/{writing.with_item(author, made['id'], author.id)['id']}"


def _comment(_admin: Person, author: Person) -> str:
    path = f"{_postmortem(_admin, author)}/comments"
    return f"{path}/{ok(author.post(path, json={'body': 'Why?'}), 201)['id']}"


def _template(admin: Person, _author: Person) -> str:
    default = ok(admin.get("/api/templates"))["items"][0]
    given = {"name": "Ours", "sections": default["sections"]}
    return f"/api/templates/{ok(admin.post('/api/templates', json=given), 201)['id']}"


def _policy(admin: Person, _author: Person) -> str:
    return f"/api/policies/{ok(admin.get('/api/policies'))['items'][0]['id']}"


def _team(admin: Person, _author: Person) -> str:
    return f"/api/teams/{ok(admin.post('/api/teams', json={'name': 'Read only'}), 201)['id']}"


def _service(admin: Person, _author: Person) -> str:
    return f"/api/services/{ok(admin.post('/api/services', json={'name': 'read-only'}), 201)['id']}"


def _category(admin: Person, _author: Person) -> str:
    return f"/api/root-cause-categories/{ok(admin.post('/api/root-cause-categories', json={'name': 'ro'}), 201)['id']}"


def _user(_admin: Person, author: Person) -> str:
    return f"/api/users/{author.id}"


def _me(_admin: Person, _author: Person) -> str:
    return "/api/me"


DOORS: dict[str, tuple[Made, dict[str, Any], dict[str, Any]]] = {
    "postmortem": (_postmortem, {"summary": "It broke."}, {"number": 0, "createdAt": "2020-01-01T00:00:00Z"}),
    "action item": (_item, {"details": "Soon."}, {"postmortemId": "pm_other", "overdue": True}),
    "comment": (_comment, {"body": "Why then?"}, {"authorId": "usr_other", "mentions": ["usr_other"]}),
    "template": (_template, {"description": "Changed"}, {"version": 99, "createdById": "usr_other"}),
    "policy": (_policy, {}, {"id": "pol_other"}),
    "team": (_team, {"name": "Read only 2"}, {"id": "team_other", "version": 99}),
    "service": (_service, {"name": "read-only-2"}, {"id": "svc_other", "version": 99}),
    "category": (_category, {"name": "read only"}, {"id": "rcc_other", "count": 99}),
    "person": (_user, {"name": "Changed"}, {"email": "other@example.com", "createdAt": "2020-01-01T00:00:00Z"}),
    "me": (_me, {"name": "Changed"}, {"role": "ADMIN", "email": "other@example.com", "scopes": []}),
}


@pytest.fixture(scope="module")
def people(stack: Stack) -> tuple[Person, Person]:
    return stack.person("ADMIN"), stack.person()


@pytest.mark.parametrize("door", DOORS)
def test_another_value_is_refused_and_the_same_one_is_fine(people: tuple[Person, Person], door: str) -> None:
    make, change, others = DOORS[door]
    path = make(*people)
    person = people[0] if door in {"template", "policy", "team", "service", "person", "category"} else people[1]
    before = ok(person.get(path))
    for name, value in others.items():
        refused = person.patch(path, json={**change, name: value})
        assert refused.status_code == 422, name
        [problem] = refused.json()["reasons"]
        assert (problem["code"], problem["where"]) == ("read_only", f"body.{name}")
        assert ok(person.get(path)) == before, "nothing was changed"
    same = {name: before[name] for name in others}
    assert person.patch(path, json={**change, **same}).status_code == 200


def test_an_event_of_the_timeline_keeps_its_source(people: tuple[Person, Person]) -> None:
    author = people[1]
    path = f"{_postmortem(*people)}/timeline"
    event = ok(author.post(path, json={"at": "2026-01-01T10:00:00Z", "event": "Alert"}), 201)
    own = f"{path}/{event['id']}"
    assert author.patch(own, json={"event": "Alarm", "source": "chat"}).status_code == 422
    assert ok(author.patch(own, json={"event": "Alarm", "source": "manual", "id": event["id"]}))["event"] == "Alarm"


def test_the_key_of_an_incident_and_of_an_editor_stays(people: tuple[Person, Person]) -> None:
    admin, author = people
    given = {
        "externalId": f"INC-{uuid4().hex}",
        "title": "Down",
        "status": "OPEN",
        "startedAt": "2026-11-20T10:00:00Z",
    }
    incident = ok(admin.post("/api/incidents", json=given), 201)
    path = f"/api/incidents/{incident['id']}"
    assert admin.patch(path, json={"title": "T", "externalId": "another"}).status_code == 422
    assert ok(admin.patch(path, json={"title": "T", "externalId": incident["externalId"]}))["title"] == "T"
    postmortem = _postmortem(admin, author)
    ok(author.post(f"{postmortem}/editors", json={"userId": admin.id, "level": "EDIT"}), 201)
    editor = f"{postmortem}/editors/{admin.id}"
    assert author.patch(editor, json={"level": "COMMENT", "userId": "usr_other"}).status_code == 422
    assert author.patch(editor, json={"level": "COMMENT", "userId": admin.id}).status_code == 200
