"""Streams of events: each change reaches everybody who may see it, at once, and nobody else."""

from contextlib import ExitStack
from itertools import count
from typing import Any

import httpx
import pytest

from tests.api.gallery import RELATIONS, Gallery
from tests.api.live.following import Follower, following
from tests.api.writing import draft, in_review, ok, with_item
from tests.pages.visiting import visitor
from tests.stack import Person, Stack, eventually

EVENT_KEYS = {"place", "kind", "id", "postmortemId", "version"}
NUMBERS = count(1)


def say(person: Person, made: Any, text: str = "Why?") -> str:
    """A comment, by its id."""
    return str(ok(person.post(f"/api/postmortems/{made['id']}/comments", json={"body": text}), 201)["id"])


def settle(stack: Stack, *followers: Follower) -> None:
    """Whatever was told before has arrived: something that everybody may see was told after it."""
    admin = stack.person("ADMIN")
    shown = draft(admin, visibility="ORGANIZATION", title=f"Seen by all {next(NUMBERS)}")
    said = say(admin, shown)
    for one in followers:
        one.wait_for(kind="comment", id=said)


def test_each_kind_reaches_who_may_see_it(stack: Stack, no_meetings_left: None) -> None:
    author, reviewer, outsider = stack.person(), stack.person(), stack.person()
    made = in_review(author, [reviewer], visibility="PRIVATE")
    path, pm = f"/api/postmortems/{made['id']}", made["id"]
    with following(reviewer.http) as theirs, following(outsider.http) as others:
        ok(author.patch(path, json={"impact": "A secret number of orders."}))
        section = theirs.wait_for(kind="section")
        assert (section["id"], section["postmortemId"], section["version"]) == ("impact", pm, 2)
        ok(author.patch(path, json={"title": "A secret title"}))
        assert theirs.wait_for(kind="postmortem", id=pm)["version"] == ok(author.get(path))["version"]
        event = {"at": "2026-01-01T10:00:00Z", "event": "A secret alarm", "type": "DETECTION"}
        ok(author.post(f"{path}/timeline", json=event), 201)
        theirs.wait_for(kind="timeline", postmortemId=pm)
        said = say(author, made, "A secret question")
        assert theirs.wait_for(kind="comment", id=said)["version"] == 1
        ok(author.patch(f"{path}/comments/{said}", json={"resolved": True}))
        theirs.wait_for(kind="comment", id=said, version=2)
        item = with_item(author, pm, author.id)
        theirs.wait_for(kind="action_item", id=item["id"], version=1)
        ok(author.patch(f"/api/action-items/{item['id']}", json={"priority": "LOW"}))
        theirs.wait_for(kind="action_item", id=item["id"], version=2)
        ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
        theirs.wait_for(kind="review", postmortemId=pm)
        meeting = {"startsAt": "2031-03-03T10:00:00Z", "durationMinutes": 30, "timeZone": "UTC"}
        planned = ok(author.post(f"{path}/meetings", json=meeting), 201)
        theirs.wait_for(kind="meeting", id=planned["id"])
        page = visitor(stack, author)
        answer = page.send(f"/postmortems/{pm}/presence", "/", page="aaaaaaaa", section="impact")
        assert (answer.status_code, answer.json()) == (200, {"items": []}), "nobody else is there"
        theirs.wait_for(kind="presence", id=pm)
        say(author, made, f"@{ok(reviewer.get('/api/me'))['handle']} look")
        assert theirs.wait_for(kind="inbox")["id"] == reviewer.id
        settle(stack, theirs, others)
        assert {one["kind"] for one in others.told} <= {"postmortem", "comment"}
        assert pm not in str(others.told)
        assert all(one.keys() <= EVENT_KEYS for one in theirs.told), "no text of anybody"
        assert "secret" not in str(theirs.told)


def test_nobody_hears_of_what_they_may_not_see(stack: Stack, gallery: Gallery) -> None:
    """A person in each role, and a postmortem in each status and visibility."""
    admin = gallery.people["admin"]
    with ExitStack() as held:
        followers = {who: held.enter_context(following(gallery.people[who].http)) for who in RELATIONS}
        said = {
            ok(admin.post(f"{one.path}/comments", json={"body": "Heard?", "parentId": one.thread}), 201)["id"]: one
            for one in gallery.pictures
        }
        for one in gallery.pictures:
            ok(admin.patch(f"/api/action-items/{one.item}", json={"details": f"More {next(NUMBERS)}"}))
        settle(stack, *followers.values())
        for who, follower in followers.items():
            heard = {one["id"] for one in follower.of(kind="comment")} & said.keys()
            assert heard == {comment for comment, one in said.items() if one.seen_by(who)}, who
            items = {one["id"] for one in follower.of(kind="action_item")}
            expected = {one.item for one in gallery.pictures if one.seen_by(who) or who == "owner"}
            assert items & {one.item for one in gallery.pictures} == expected, who


def test_who_loses_access_hears_nothing_more(stack: Stack) -> None:
    author, reader = stack.person(), stack.person()
    made = draft(author, visibility="PRIVATE")
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/editors", json={"userId": reader.id, "level": "COMMENT"}), 201)
    with following(reader.http) as everything, following(reader.http, params={"postmortemId": made["id"]}) as one:
        said = say(author, made)
        everything.wait_for(kind="comment", id=said)
        one.wait_for(kind="comment", id=said)
        ok(author.delete(f"{path}/editors/{reader.id}"), 204)
        unheard = say(author, made)
        settle(stack, everything)
        assert unheard not in str(everything.told) + str(one.told)
        assert one.told[-1]["id"] == said, "not even that it was lost"


def test_a_stream_of_one_postmortem(stack: Stack) -> None:
    author, outsider = stack.person(), stack.person()
    made, other = draft(author, visibility="PRIVATE"), draft(author, visibility="ORGANIZATION")
    assert outsider.get("/api/events", params={"postmortemId": made["id"]}).status_code == 404
    assert author.get("/api/events", params={"postmortemId": "../x"}).status_code == 422
    with following(author.http, params={"postmortemId": made["id"]}) as one:
        say(author, other)
        said = say(author, made)
        one.wait_for(kind="comment", id=said)
        assert {told["postmortemId"] for told in one.told} == {made["id"]}


def test_a_stream_goes_on_where_it_was(stack: Stack) -> None:
    author, outsider = stack.person(), stack.person()
    made = draft(author, visibility="PRIVATE")
    with following(author.http) as before:
        first = before.wait_for(kind="comment", id=say(author, made))
    missed = [say(author, made) for _ in range(3)]
    for asked in ({"headers": {"Last-Event-ID": first["place"]}}, {"params": {"after": first["place"]}}):
        with following(author.http, **asked) as again:
            again.wait_for(kind="comment", id=missed[-1])
            assert [one["id"] for one in again.of(kind="comment", postmortemId=made["id"])] == missed
            assert "refresh" not in again.kinds
    with following(outsider.http, headers={"Last-Event-ID": first["place"]}) as theirs:
        settle(stack, theirs)
        assert made["id"] not in str(theirs.told), "the rule holds for what was missed, too"
    with following(author.http, headers={"Last-Event-ID": "of another time"}) as unknown:
        unknown.wait_for(kind="refresh")
        unknown.wait_for(kind="comment", id=say(author, made))
        assert len(unknown.of(kind="refresh")) == 1


def test_streams_end_with_what_opened_them(stack: Stack) -> None:
    """A token, a session, and a person."""
    admin, person = stack.client(), stack.person()
    token = ok(person.post("/api/tokens", json={"name": "phone"}), 201)
    page, left = visitor(stack, person), visitor(stack, person)
    with (
        following(stack.client(token["token"])) as by_token,
        following(page.http, "/events", headers={"Accept": "text/event-stream"}) as by_session,
        following(left.http, "/events", headers={"Accept": "text/event-stream"}) as signed_out,
        following(person.http) as last,
    ):
        for follower, end in (
            (by_token, lambda: ok(person.delete(f"/api/tokens/{token['id']}"), 204)),
            (signed_out, lambda: left.done("/sign-out", "/")),
            (by_session, lambda: ok(admin.delete(f"/api/users/{person.id}/sessions"), 204)),
            (last, lambda: ok(admin.patch(f"/api/users/{person.id}", json={"active": False}))),
        ):
            assert not follower.is_over
            end()
            eventually(lambda: follower.is_over, 10)  # noqa: B023 - called in this turn
            assert follower.told[-1]["kind"] == "end"


def test_a_session_opens_one_door_and_a_token_the_other(stack: Stack) -> None:
    person = stack.person()
    page = visitor(stack, person)
    asked = {"Accept": "text/event-stream"}
    token = {"Authorization": person.http.headers["Authorization"]}
    assert page.http.get("/api/events", headers=asked).status_code == 401
    assert httpx.get(f"{stack.url}/events", headers=asked | token).status_code == 401
    assert httpx.get(f"{stack.url}/events", headers=asked).json()["code"] == "NotSignedIn"
    with following(page.http, "/events", headers=asked) as one:
        made = draft(person)
        one.wait_for(kind="postmortem", id=made["id"])


def test_one_person_has_so_many_streams(stack: Stack) -> None:
    person, other = stack.person(), stack.person()
    with ExitStack() as held:
        for _ in range(20):
            held.enter_context(following(person.http))
        refused = person.get("/api/events")
        assert (refused.status_code, refused.json()["code"]) == (429, "TooManyOwnStreams")
        assert "retry-after" in refused.headers
        held.enter_context(following(other.http))
    eventually(lambda: _opens(person))


def _opens(person: Person) -> bool:
    with person.http.stream("GET", "/api/events") as answer:
        return bool(answer.status_code == 200)


@pytest.mark.parametrize(
    "sent", [{"page": ""}, {"page": "aaaaaaaa", "section": "<b>"}, {"page": "aaaaaaaa", "gone": "x"}]
)
def test_nonsense_about_presence_is_refused(stack: Stack, sent: dict[str, str]) -> None:
    person = stack.person()
    made = draft(person)
    assert visitor(stack, person).send(f"/postmortems/{made['id']}/presence", "/", **sent).status_code == 422


def test_who_is_here_is_shown_to_who_may_see_it(stack: Stack) -> None:
    author, reader, outsider = stack.person(), stack.person(), stack.person()
    made = draft(author, visibility="PRIVATE")
    path = f"/postmortems/{made['id']}/presence"
    ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": reader.id, "level": "EDIT"}), 201)
    mine, theirs, strange = visitor(stack, author), visitor(stack, reader), visitor(stack, outsider)
    name = ok(reader.get("/api/me"))["name"]
    assert theirs.send(path, "/", page="bbbbbbbb", section="summary").json() == {"items": []}
    here = {"items": [{"id": reader.id, "name": name, "sections": ["summary"]}]}
    assert mine.send(path, "/", page="aaaaaaaa").json() == here
    assert mine.http.get(path).json() == here
    assert strange.send(path, "/", page="cccccccc").status_code == 404
    assert strange.http.get(path).status_code == 404
    assert theirs.send(path, "/", page="bbbbbbbb", gone="1").status_code == 204
    assert mine.http.get(path).json() == {"items": []}
    assert theirs.send(path, "/", page="bbbbbbbb").status_code == 200
    ok(author.delete(f"/api/postmortems/{made['id']}/editors/{reader.id}"), 204)
    assert mine.http.get(path).json() == {"items": []}, "who may not see it any more isn't shown there either"
