"""The access table, cell by cell, through HTTP: status x visibility x person x verb, compared with ``domain.access``.

A person who may do it gets a success, or a refusal of the request itself (409, 422, or a 404 for something else). A
person who may only see the postmortem gets 403, and one who can't see it gets 404. Each verb's first endpoint is tried
on every postmortem, its other endpoints on those of a team."""

import re
from collections.abc import Callable, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain import access
from domain.access import PERMISSIONS, Relation, Verb
from domain.postmortems.lifecycle import Status
from domain.style.suggestions import RULE_IDS
from tests.api import writing
from tests.api.gallery import POWERLESS, RELATIONS, Gallery, Picture
from tests.api.writing import ok
from tests.nightly import spread


@dataclass(frozen=True)
class Door:
    """A request that asks for a verb, and as far as possible changes nothing where it is allowed.

    ``path`` continues the postmortem's, or is one of its own. ``own`` is what some person is on top to what it is
    about. ``fresh`` makes something to be destroyed and returns its path, ``undo`` takes an effect back. ``too_early``
    is a status in which the verb is possible, but not at this door.
    """

    verb: Verb
    method: str
    path: Callable[[Gallery, Picture, str], str]
    body: Callable[[Gallery, Picture], Any] | None = None
    own: dict[str, Relation] = field(default_factory=dict)
    fresh: Callable[[Gallery, Picture], str] | None = None
    undo: Callable[[Gallery, Picture, str], None] | None = None
    too_early: Status | None = None

    def relations(self, picture: Picture, who: str) -> Set[Relation]:
        return picture.relations(who) | ({self.own[who]} if who in self.own else set())


def at(path: str) -> Callable[[Gallery, Picture, str], str]:
    return lambda gallery, picture, who: (
        picture.path
        + path.format(thread=picture.thread, event=picture.event, who=gallery.people[who].id, **named(gallery))
    )


def item(path: str = "") -> Callable[[Gallery, Picture, str], str]:
    return lambda gallery, picture, who: f"/api/action-items/{picture.item}{path}"


def named(gallery: Gallery) -> dict[str, str]:
    return {name: gallery.people[name].id for name in ("commenter", "outsider", "reviewer")}


def says(**body: Any) -> Callable[[Gallery, Picture], Any]:
    return lambda gallery, picture: body


def a_comment(gallery: Gallery, picture: Picture) -> str:
    made = ok(gallery.people["author"].post(f"{picture.path}/comments", json={"body": "Gone soon"}), 201)
    return f"{picture.path}/comments/{made['id']}"


def an_item(gallery: Gallery, picture: Picture) -> str:
    made = ok(gallery.people["admin"].post(f"{picture.path}/action-items", json={"description": "Gone soon"}), 201)
    return f"/api/action-items/{made['id']}"


def a_draft(gallery: Gallery, picture: Picture) -> str:
    assert picture.status is Status.DRAFT
    return f"/api/postmortems/{writing.draft(gallery.people['author'])['id']}"


def reopen(gallery: Gallery, picture: Picture, who: str) -> None:
    ok(gallery.people["admin"].patch(f"{picture.path}/comments/{picture.thread}", json={"resolved": False}))


def rejoin(gallery: Gallery, picture: Picture, who: str) -> None:
    ok(gallery.people["admin"].post(f"{picture.path}/participants", json={"userId": gallery.people[who].id}), 201)


def back_again(gallery: Gallery, picture: Picture, who: str) -> None:
    level = "EDIT" if who == "editor" else "COMMENT"
    body = {"userId": gallery.people[who].id, "level": level}
    ok(gallery.people["admin"].post(f"{picture.path}/editors", json=body), 201)


def submit_again(gallery: Gallery, picture: Picture, who: str) -> None:
    ok(gallery.people["admin"].post(f"{picture.path}/submit", json={}))


def unlist(gallery: Gallery, picture: Picture, who: str) -> None:
    ok(gallery.people["admin"].put(f"{picture.path}/public-summary", json={"listed": False}))


MINE = {"participant": Relation.WRITER}
OWNED = {"owner": Relation.OWNER}

DOORS = (
    Door(Verb.READ, "GET", at("")),
    Door(Verb.EXPORT_COMMENTS, "GET", at("/export?format=json&comments=true")),
    Door(Verb.COMMENT, "POST", at("/comments"), lambda _, picture: {"body": "+1", "parentId": picture.thread}),
    Door(Verb.REWORD, "PATCH", at("/comments/{thread}"), lambda *_: {"body": f"Why? {uuid4().hex}"}, MINE),
    Door(Verb.RESOLVE, "PATCH", at("/comments/{thread}"), says(resolved=True), MINE, undo=reopen),
    Door(Verb.DELETE_COMMENT, "DELETE", at("/comments/{thread}"), own=MINE, fresh=a_comment),
    Door(Verb.EDIT, "PATCH", at(""), lambda _, picture: {"title": picture.title}),
    Door(Verb.TAKE_INCIDENT_TIMES, "POST", at("/duration")),
    Door(Verb.MANAGE, "PATCH", at(""), lambda _, picture: {"visibility": picture.chosen}),
    Door(Verb.LEAVE, "DELETE", at("/editors/{who}"), undo=back_again),
    Door(Verb.STEP_BACK, "DELETE", at("/participants/{who}"), undo=rejoin),
    Door(Verb.ASK_REVIEWERS, "POST", at("/reviewers"), lambda gallery, _: {"userId": named(gallery)["reviewer"]}),
    Door(Verb.WAIVE_REVIEW, "POST", at("/reviewers/{outsider}/waive"), says(reason="Because")),
    Door(Verb.CHANGE_TARGETS, "POST", at("/targets/draft_started/waive"), says(reason="Because")),
    Door(
        Verb.ADD_ITEM,
        "POST",
        at("/action-items"),
        lambda gallery, _: {"description": "Do it", "ownerId": gallery.people["deactivated"].id},
    ),
    Door(Verb.CHANGE_ITEM, "PATCH", item(), says(details=None), OWNED),
    Door(Verb.DELETE_ITEM, "DELETE", item(), own=OWNED, fresh=an_item),
    Door(Verb.SUBMIT, "POST", at("/submit"), says()),
    Door(Verb.APPROVE, "POST", at("/reviews"), says(decision="APPROVE")),
    Door(Verb.REQUEST_CHANGES, "POST", at("/request-changes"), says()),
    Door(Verb.WITHDRAW, "POST", at("/withdraw"), undo=submit_again),
    Door(Verb.PUBLISH, "POST", at("/publish")),
    Door(Verb.ARCHIVE, "POST", at("/archive")),
    Door(Verb.DELETE, "DELETE", at(""), fresh=a_draft),
    Door(Verb.READ_SUMMARY, "GET", at("/public-summary")),
    Door(Verb.WRITE_SUMMARY, "PUT", at("/public-summary"), says(text="Resolved.")),
    Door(Verb.APPROVE_SUMMARY, "POST", at("/public-summary/approve"), says(version=10**6)),
    Door(Verb.SHARE_SUMMARY, "POST", at("/share-links"), says(scope="SUMMARY")),
    Door(Verb.SHARE_POSTMORTEM, "POST", at("/share-links"), says(scope="POSTMORTEM")),
    Door(Verb.PUBLISH_COPY, "POST", at("/publications"), says(integrationId="int_nope")),
    Door(Verb.PLAN_MEETING, "GET", at("/meetings/suggestion")),
    Door(Verb.CHANGE_MEETING, "PATCH", at("/meetings/mtg_nope"), says()),
    Door(
        Verb.MAIL_CUSTOMERS,
        "POST",
        at("/customer-emails"),
        says(subject="News", recipients=["a@customers.example"], preview=True),
    ),
)
PARTS = (
    *("action-items", "advice", "audit", "comments", "comments/{thread}", "duration", "editors", "incidents"),
    *("participants", "reviewers", "reviews", "similar", "teams", "targets", "template", "timeline"),
)
MORE_DOORS = (
    *(Door(Verb.READ, "GET", at(f"/{part}")) for part in PARTS),
    Door(Verb.READ, "GET", at("/audit?format=csv")),
    Door(Verb.READ, "GET", at("/export?format=md")),
    Door(Verb.REWORD, "PATCH", at("/comments/{thread}"), says(anchor=None), MINE),
    Door(Verb.EDIT, "PATCH", at(""), says(summary="")),
    Door(Verb.READ, "GET", at("/sections")),
    Door(Verb.READ, "GET", at("/sections/summary")),
    Door(Verb.READ, "GET", at("/sections/summary/revisions")),
    Door(Verb.READ, "GET", at("/sections/summary/revisions/1")),
    Door(Verb.READ, "GET", at("/sections/summary/diff?from=1&to=1")),
    Door(Verb.EDIT, "PUT", at("/sections/detection"), says(body="")),
    Door(Verb.EDIT, "POST", at("/sections/summary/restore"), says(revision=10**6)),
    Door(Verb.EDIT, "PATCH", at("/timeline/{event}"), says(event="Alert triggered")),
    Door(Verb.EDIT, "DELETE", at("/timeline/evt_nope")),
    Door(Verb.EDIT, "POST", at("/timeline"), says(at="2026-11-20T07:01:00Z", event="Noticed")),
    Door(Verb.EDIT, "POST", at("/timeline/import"), says(text="07:02 Called", date="2026-11-20")),
    Door(Verb.READ, "POST", at("/timeline/parse"), says(text="07:02 Called", date="2026-11-20")),
    Door(Verb.EDIT, "POST", at("/advice/ignore"), says(rule=min(RULE_IDS), line="x")),
    Door(Verb.EDIT, "POST", at("/incidents"), lambda gallery, _: {"incidentId": gallery.incident["id"]}),
    Door(Verb.EDIT, "DELETE", at("/incidents/inc_nope")),
    Door(Verb.EDIT, "DELETE", at("/advice/ignore/" + "0" * 32)),
    Door(Verb.MANAGE, "PATCH", at(""), lambda gallery, _: {"teamIds": [gallery.team_id]}),
    Door(Verb.MANAGE, "PATCH", at(""), lambda gallery, _: {"authorId": gallery.people["author"].id}),
    Door(Verb.MANAGE, "POST", at("/editors"), says(userId="user_nope")),
    Door(Verb.MANAGE, "POST", at("/participants"), says(userId="user_nope")),
    Door(Verb.MANAGE, "POST", at("/participants/user_nope/confirm")),
    Door(Verb.MANAGE, "DELETE", at("/participants/user_nope")),
    Door(Verb.MANAGE, "POST", at("/teams/team_nope/confirm")),
    Door(Verb.MANAGE, "DELETE", at("/teams/team_nope")),
    Door(Verb.MANAGE, "PATCH", at("/editors/{commenter}"), says(level="COMMENT")),
    Door(Verb.MANAGE, "DELETE", at("/editors/user_nope")),
    Door(Verb.ASK_REVIEWERS, "DELETE", at("/reviewers/{outsider}")),
    Door(Verb.ASK_REVIEWERS, "POST", at("/reviewers/{outsider}/remind"), too_early=Status.DRAFT),
    Door(
        Verb.ASK_REVIEWERS,
        "POST",
        at("/reviewers/{reviewer}/replace"),
        lambda gallery, _: {"userId": named(gallery)["reviewer"]},
    ),
    Door(
        Verb.CHANGE_TARGETS,
        "POST",
        at("/targets/draft_started/extend"),
        says(reason="Because", until="2027-06-01T00:00:00Z"),
    ),
    Door(Verb.READ, "GET", at("/attachments")),
    Door(Verb.READ, "GET", at("/attachments/att_nope")),
    Door(Verb.READ, "GET", at("/attachments/att_nope/thumbnail")),
    Door(Verb.EDIT, "POST", at("/attachments"), says(plain="file")),
    Door(Verb.COMMENT, "POST", at("/attachments?for=comment"), says(plain="file")),
    Door(Verb.EDIT, "DELETE", at("/attachments/att_nope")),
    Door(Verb.CHANGE_ITEM, "PATCH", item(), says(status="WONT_DO"), OWNED),
    Door(Verb.CHANGE_ITEM, "POST", at("/tickets"), says(integrationId="int_nope")),
    Door(Verb.READ, "GET", at("/tickets")),
    Door(Verb.READ, "GET", item(), own=OWNED),
    Door(Verb.CHANGE_ITEM, "POST", item("/snooze"), says(until=None), OWNED),
    Door(Verb.READ_SUMMARY, "POST", at("/public-summary/check"), says()),
    Door(Verb.READ_SUMMARY, "GET", at("/share-links")),
    Door(Verb.APPROVE_SUMMARY, "PUT", at("/public-summary"), says(listed=True), undo=unlist),
    Door(Verb.APPROVE_SUMMARY, "DELETE", at("/public-summary/approve")),
    Door(Verb.APPROVE_SUMMARY, "DELETE", at("/public-summary")),
    Door(Verb.SHARE_SUMMARY, "DELETE", at("/share-links/shr_nope")),
    Door(Verb.SHARE_SUMMARY, "GET", at("/customer-emails")),
    Door(Verb.SHARE_SUMMARY, "GET", at("/customer-emails/mail_nope")),
    Door(Verb.READ, "GET", at("/publications")),
    Door(Verb.READ, "GET", at("/publications/pub_nope")),
    Door(Verb.PUBLISH_COPY, "DELETE", at("/publications/pub_nope")),
    Door(Verb.PLAN_MEETING, "POST", at("/meetings"), says(startsAt="2126-01-01T00:00:00Z", integrationId="int_nope")),
    Door(Verb.CHANGE_MEETING, "DELETE", at("/meetings/mtg_nope")),
    Door(Verb.CHANGE_MEETING, "POST", at("/meetings/mtg_nope/held"), says(held=True)),
    Door(Verb.READ, "GET", at("/meetings")),
    Door(Verb.READ, "GET", at("/meetings/mtg_nope")),
    Door(Verb.READ, "GET", at("/meetings/mtg_nope.ics")),
    Door(Verb.READ, "GET", at("/meetings/mtg_nope/agenda")),
    Door(Verb.CHANGE_ITEM, "DELETE", item("/tickets/tkt_nope"), own=OWNED),
    Door(Verb.CHANGE_ITEM, "DELETE", item("/tickets?ticketId=tkt_nope"), own=OWNED),
)
ELSEWHERE = {
    ("POST", "/api/postmortems/{postmortem_id}/timeline/import-slack"),  # takes files, then asks as /import does
    ("POST", "/api/action-items/{item_id}/tickets"),  # needs a connection; asks as DELETE does
}
"""Doors that need more than a JSON body."""
BUILT = {(Verb.ARCHIVE, Status.PUBLISHED, "admin")}
"""How the archived postmortems of the gallery came to be."""


def expected(door: Door, picture: Picture, who: str) -> str:
    held, status = door.relations(picture, who), picture.status
    if not (picture.seen_by(who) or Relation.OWNER in held):
        return "hidden"
    if access.may(door.verb, status, held):
        return "wrong status" if status is door.too_early else "allowed"
    if door.verb in {Verb.LEAVE, Verb.STEP_BACK} and access.may(Verb.MANAGE, status, held):
        return "allowed"  # they are no editor or participant: that is told
    elsewhere = {one for group in PERMISSIONS[door.verb].values() for one in group}
    return "wrong status" if status not in PERMISSIONS[door.verb] and held & elsewhere else "refused"


def outcome(answer: httpx.Response) -> str:
    problem = answer.json() if "problem+json" in answer.headers.get("content-type", "") else {}
    if answer.is_success:
        return "allowed"
    if answer.status_code == 403:
        return "refused" if problem["code"] in {"NotAllowed", "EditingClosed"} else str(problem["code"])
    if answer.status_code == 404 and problem["kind"] in {"postmortem", "action item"}:
        return "hidden"
    unpublished = any(one["code"] == "NotPublished" for one in problem.get("reasons", ()))
    if problem.get("code") == "IllegalTransition" or unpublished:
        return "wrong status"
    is_about_what_was_asked = answer.status_code in {404, 409, 412, 422} and problem["code"] != "Malformed"
    return "allowed" if is_about_what_was_asked else str(answer.status_code)


def try_all(gallery: Gallery, picture: Picture) -> list[str]:
    """What is not as the table says.

    By day one cell in four, shifted from postmortem to postmortem: with the five visibilities of a status, that is each
    person at each verb's first door in each status at least once, and at each other door in at least one status.
    """
    wrong = []
    doors = DOORS + (MORE_DOORS if picture.choice == "TEAM" else ())
    for door, who in spread(product(doors, RELATIONS), 4, gallery.pictures.index(picture)):
        if (door.verb, picture.status, who) in BUILT:
            continue
        wanted = expected(door, picture, who)
        path = door.path(gallery, picture, who)
        spares = door.fresh is not None and wanted == "allowed" and door.own.get(who) is not Relation.WRITER
        if spares and door.fresh is not None:
            path = door.fresh(gallery, picture)
        answer = gallery.people[who].http.request(
            door.method, path, json=door.body(gallery, picture) if door.body else None
        )
        if outcome(answer) != wanted:
            wrong.append(
                f"{picture.name}: {who} {door.method} {path}: {wanted}, not {answer.status_code} {answer.text}"
            )
        if door.undo and answer.is_success:
            door.undo(gallery, picture, who)
    return wrong


def test_no_door_is_forgotten(gallery: Gallery) -> None:
    """Each operation on a postmortem or action item is tried, so that a new door cannot do without the table."""
    picture, admin = gallery.pictures[0], gallery.people["admin"]
    tried = {(one.method, one.path(gallery, picture, "admin").partition("?")[0]) for one in (*DOORS, *MORE_DOORS)}
    forgotten = []
    for path, operations in ok(admin.get("/openapi.json"))["paths"].items():
        if path.startswith(("/api/postmortems/{", "/api/action-items/{")):
            pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
            for method in map(str.upper, operations):
                there = any(one == method and pattern.fullmatch(where) for one, where in tried)
                if not there and (method, path) not in ELSEWHERE:
                    forgotten.append(f"{method} {path}")
    assert forgotten == []


def test_every_cell(gallery: Gallery) -> None:
    assert {door.verb for door in DOORS} == set(Verb)
    with ThreadPoolExecutor(3) as pool:
        wrong = [line for lines in pool.map(lambda one: try_all(gallery, one), gallery.pictures) for line in lines]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("who", POWERLESS)
def test_a_token_does_no_more_than_its_scopes_and_nothing_once_its_owner_left(gallery: Gallery, who: str) -> None:
    person = gallery.people[who]
    pictures = [one for one in gallery.pictures if one.choice in {"PRIVATE", "ORGANIZATION"}]
    for picture in pictures:
        for door in DOORS:
            path = door.path(gallery, picture, who)
            answer = person.http.request(door.method, path, json=door.body(gallery, picture) if door.body else None)
            if who == "deactivated":
                wanted: tuple[int, str | None] = (401, "NotSignedIn")
            else:
                reads = door.method == "GET" and door.verb is not Verb.PLAN_MEETING
                wanted = (200, None) if reads else (403, "ScopeMissing")
            assert (answer.status_code, answer.json().get("code")) == wanted, answer.text


def test_the_gallery_hangs_as_its_labels_say(gallery: Gallery) -> None:
    for picture in gallery.pictures:
        shown = ok(gallery.people["admin"].get(picture.path))
        assert (shown["status"], shown["visibility"]) == (picture.status, picture.visibility), picture.name
        assert shown["participants"] == [gallery.people["participant"].id]
