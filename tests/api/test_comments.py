"""Comments: anchored to words, seen only by people who may, and blocking publication while unresolved."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from application.comments.reading import list_comments
from application.comments.writing import NewComment, add_comment
from domain.access import Role, Viewer
from domain.comments.anchors import Selection
from domain.comments.mentions import MENTIONS_LIMIT
from models.queries.comments import CommentFilters
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import get_visible
from tests.api import writing
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack

CAUSE = "A pool limit from two years ago. The limit was never looked at again, and the traffic grew."


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def reviewer(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Person:
    return stack.person()


def draft(author: Person, **fields: Any) -> str:
    return f"/api/postmortems/{writing.draft(author, rootCause=CAUSE, **fields)['id']}"


def comment(who: Person, path: str, body: str = "Why?", **fields: Any) -> Any:
    return ok(who.post(f"{path}/comments", json={"body": body, **fields}), 201)


def refused(response: Any, status: int, code: str) -> Any:
    problem = ok(response, status)
    assert problem["code"] == code, problem
    return problem


def inbox(who: Person, path: str) -> list[tuple[str, str | None]]:
    """What came about that postmortem, oldest first."""
    notices = ok(who.get("/api/me/notifications", params={"limit": 200}))["items"]
    about = path.rsplit("/", maxsplit=1)[1]
    return [(one["kind"], one["commentId"]) for one in reversed(notices) if one["postmortemId"] == about]


def handle(stack: Stack, who: Person) -> str:
    return str(ok(stack.client().get(f"/api/users/{who.id}"))["handle"])


# Words


def test_an_anchor_by_offsets_follows_its_words(author: Person) -> None:
    path = draft(author)
    start = CAUSE.index("The limit")
    made = comment(author, path, section="rootCause", anchor={"start": start, "end": start + 10})
    assert made["anchor"] == {
        "quote": "The limit",
        "prefix": CAUSE[:start],
        "suffix": CAUSE[start + 9 :][:64],
        "state": "ATTACHED",
        "start": start,
        "end": start + 9,
    }
    one = f"{path}/comments/{made['id']}"
    ok(author.patch(path, json={"rootCause": f"# Cause\n\n{CAUSE}"}))
    moved = ok(author.get(one))["anchor"]
    assert (moved["state"], moved["start"]) == ("MOVED", start + len("# Cause\n\n"))
    ok(author.patch(path, json={"rootCause": CAUSE.replace("The limit", "This limit")}))
    changed = ok(author.get(one))["anchor"]
    assert (changed["state"], changed["start"], changed["end"]) == ("CHANGED", start, start + 10)
    ok(author.patch(path, json={"rootCause": "Nobody knows."}))
    detached = ok(author.get(f"{path}/comments"))["items"][0]["anchor"]
    assert (detached["state"], detached["start"], detached["end"]) == ("DETACHED", None, None)
    assert detached["quote"] == "The limit"
    ok(author.patch(path, json={"rootCause": CAUSE}))
    assert ok(author.get(one))["anchor"]["state"] == "ATTACHED"


def test_an_anchor_by_quote_takes_the_occurrence(author: Person) -> None:
    path = draft(author)
    first = comment(author, path, section="rootCause", anchor={"quote": "limit"})["anchor"]
    second = comment(author, path, section="rootCause", anchor={"quote": "limit", "occurrence": 2})["anchor"]
    near = comment(author, path, section="rootCause", anchor={"quote": "limit", "start": 40, "end": 45})["anchor"]
    assert first["start"] == CAUSE.index("limit")
    assert second["start"] == near["start"] == CAUSE.rindex("limit")
    again = comment(author, path, section="rootCause", anchor=near)
    assert again["anchor"] == near, "what was answered may be sent back"


def test_words_that_are_not_there_are_named(author: Person) -> None:
    path = draft(author)

    def say(**fields: Any) -> Any:
        return author.post(f"{path}/comments", json={"body": "Hm", "section": "rootCause", **fields})

    problem = refused(say(anchor={"quote": "thread limit"}), 422, "WordsNotFound")
    assert problem["quote"] == "thread limit"
    assert "thread limit" in problem["detail"]
    refused(say(anchor={"quote": "limit", "occurrence": 3}), 422, "WordsNotFound")
    refused(say(anchor={"start": 5, "end": 5000}), 422, "WordsNotFound")
    refused(say(anchor={"start": 7, "end": 7}), 422, "WordsNotFound")
    refused(say(section="timeline", anchor={"quote": "Alert"}), 422, "WordsNotFound")
    refused(say(section="detection", anchor={"quote": "Alert"}), 422, "WordsNotFound")
    refused(say(section=None, anchor={"quote": "limit"}), 422, "Malformed")
    refused(say(anchor={"start": 7}), 422, "Malformed")
    refused(say(anchor={"start": -1, "end": 7}), 422, "Malformed")
    refused(say(anchor={}), 422, "Malformed")
    refused(say(anchor={"quote": "x" * 1001}), 422, "Malformed")
    refused(say(section="epilogue"), 422, "UnknownReference")
    ok(author.patch(path, json={"impact": "x" * 2000}))
    refused(say(section="impact", anchor={"start": 0, "end": 1001}), 422, "AnchorTooLong")
    assert ok(author.get(f"{path}/comments"))["items"] == []


def test_a_thread_is_put_on_other_words(author: Person, stack: Stack) -> None:
    path = draft(author)
    made = comment(author, path, section="rootCause", anchor={"quote": "two years"})
    one = f"{path}/comments/{made['id']}"
    again = ok(author.patch(one, json={"anchor": {"quote": "traffic"}}))
    assert (again["anchor"]["quote"], again["version"]) == ("traffic", 2)
    assert ok(author.patch(one, json={"body": "Why not?"}))["anchor"]["quote"] == "traffic"
    assert ok(author.patch(one, json={"anchor": None}))["anchor"] is None
    answer = comment(author, path, parentId=made["id"])
    refused(author.patch(f"{path}/comments/{answer['id']}", json={"anchor": {"quote": "pool"}}), 409, "NotAThread")
    refused(
        author.post(f"{path}/comments", json={"body": "x", "parentId": made["id"], "anchor": {"quote": "pool"}}),
        422,
        "Malformed",
    )
    whole = comment(author, path)
    refused(author.patch(f"{path}/comments/{whole['id']}", json={"anchor": {"quote": "pool"}}), 422, "Malformed")
    refused(stack.client().patch(one, json={"anchor": {"quote": "pool"}}), 403, "NotAllowed")


# Threads


def test_threads_answers_and_filters(author: Person, reviewer: Person) -> None:
    path = draft(author, visibility="ORGANIZATION")
    first = comment(reviewer, path, "Which limit?", section="rootCause")
    second = comment(reviewer, path, "Which alert?", section="timeline")
    answer = comment(author, path, "The old one.", parentId=first["id"])
    deeper = comment(reviewer, path, "I see.", parentId=answer["id"])
    assert deeper["parentId"] == first["id"], "an answer to an answer belongs to the thread"
    assert deeper["section"] == "rootCause"

    def ids(**asked: Any) -> list[str]:
        return [one["id"] for one in ok(author.get(f"{path}/comments", params=asked))["items"]]

    a, b, c, d = first["id"], second["id"], answer["id"], deeper["id"]
    assert ids() == [a, b, c, d]
    assert ids(threads=True) == [a, b]
    assert ids(parentId=a) == [c, d]
    assert ids(section="rootCause") == [a, c, d]
    assert ids(section="nowhere") == []
    assert ids(kind="CHANGE_REQUEST") == []
    done = ok(author.patch(f"{path}/comments/{a}", json={"resolved": True}))
    assert (done["resolved"], done["resolvedBy"], done["replies"]) == (True, author.id, 2)
    assert ids(resolved=False) == [b]
    assert ids(resolved=True) == [a, c, d]
    assert ids(resolved=True, threads=True) == [a]
    assert ok(author.get(path))["unresolvedComments"] == 1
    reopened = ok(reviewer.patch(f"{path}/comments/{a}", json={"resolved": False}))
    assert (reopened["resolved"], reopened["resolvedAt"], reopened["resolvedBy"]) == (False, None, None)
    assert ok(author.get(path))["unresolvedComments"] == 2
    refused(author.patch(f"{path}/comments/{c}", json={"resolved": True}), 409, "NotAThread")
    walked = ok(author.get(f"{path}/comments", params={"threads": True, "limit": 1}))
    rest = ok(author.get(f"{path}/comments", params={"threads": True, "cursor": walked["nextCursor"]}))
    assert [one["id"] for one in walked["items"] + rest["items"]] == [a, b]


def test_who_may_do_what(author: Person, reviewer: Person, stranger: Person, stack: Stack) -> None:
    path = draft(author, visibility="ORGANIZATION")
    made = comment(stranger, path)
    one = f"{path}/comments/{made['id']}"
    refused(author.patch(one, json={"body": "No."}), 403, "NotAllowed")
    refused(reviewer.patch(one, json={"resolved": True}), 403, "NotAllowed")
    refused(reviewer.delete(one), 403, "NotAllowed")
    assert ok(stranger.patch(one, json={"resolved": True}))["resolved"]
    assert ok(author.patch(one, json={"resolved": False}))["version"] == 3
    stale = stranger.patch(one, json={"body": "Really?"}, headers={"If-Match": '"1"'})
    refused(stale, 412, "StaleVersion")
    fresh = stranger.patch(one, json={"body": "Really?"}, headers={"If-Match": '"3"'})
    assert (ok(fresh)["body"], fresh.headers["etag"][:3]) == ("Really?", '"4.')
    comment(author, path, "Yes.", parentId=made["id"])
    refused(stranger.delete(one), 409, "ThreadAnswered")
    assert stack.person("ADMIN").delete(one).status_code == 204
    assert ok(author.get(f"{path}/comments"))["items"] == []
    removed = next(it for it in ok(author.get(f"{path}/audit"))["items"] if it["action"] == "comment.removed")
    assert [it["body"] for it in removed["before"]["answers"]] == ["Yes."]
    mine = comment(stranger, path)
    comment(stranger, path, "Never mind.", parentId=mine["id"])
    assert stranger.delete(f"{path}/comments/{mine['id']}").status_code == 204
    private = draft(author)
    hidden = comment(author, private)
    for response in (
        stranger.get(f"{private}/comments"),
        stranger.post(f"{private}/comments", json={"body": "Hm"}),
        stranger.get(f"{private}/comments/{hidden['id']}"),
        stranger.patch(f"{private}/comments/{hidden['id']}", json={"resolved": True}),
        stranger.delete(f"{private}/comments/{hidden['id']}"),
        author.get(f"{path}/comments/{hidden['id']}"),
    ):
        refused(response, 404, "NotFound")


def test_the_thread_hears_of_answers(author: Person, reviewer: Person, stranger: Person) -> None:
    path = draft(author, visibility="ORGANIZATION")
    made = comment(reviewer, path)
    answer = comment(stranger, path, "Because.", parentId=made["id"])
    last = comment(author, path, "Right.", parentId=made["id"])
    assert inbox(author, path) == [("comment_added", made["id"])]
    assert inbox(reviewer, path) == [("comment_replied", answer["id"]), ("comment_replied", last["id"])]
    assert inbox(stranger, path) == [("comment_replied", last["id"])]
    ok(author.patch(path, json={"visibility": "PRIVATE"}))
    comment(author, path, "Now it is closed.", parentId=made["id"])
    assert inbox(stranger, path) == [], "not even what was told before"
    ok(author.patch(path, json={"visibility": "ORGANIZATION"}))
    assert inbox(stranger, path) == [("comment_replied", last["id"])], "meanwhile nothing was told"


# Mentions


def test_mentions_tell_those_who_may_see(author: Person, reviewer: Person, stranger: Person, stack: Stack) -> None:
    path = draft(author)
    ok(author.post(f"{path}/editors", json={"userId": reviewer.id, "level": "COMMENT"}), 201)
    gone = stack.person()
    ok(stack.person("ADMIN").patch(f"/api/users/{gone.id}", json={"active": False}))
    names = {who: handle(stack, it) for who, it in {"r": reviewer, "s": stranger, "g": gone, "a": author}.items()}
    body = f"@{names['r']}. @{names['s']}, @{names['g']} x@{names['s']} @{names['a']} @nobody-{uuid4().hex}"
    made = comment(author, path, body)
    assert sorted(made["mentions"]) == sorted([reviewer.id, author.id])
    whys = {one["handle"]: one["why"] for one in made["unnotified"]}
    assert whys.pop(names["s"]) == "MAY_NOT_SEE"
    assert whys.pop(names["g"]) == "INACTIVE"
    assert list(whys.values()) == ["UNKNOWN"]
    assert inbox(reviewer, path)[-1] == ("mentioned", made["id"])
    assert inbox(stranger, path) == []
    assert inbox(author, path) == [], "never oneself"
    one = f"{path}/comments/{made['id']}"
    assert "unnotified" not in ok(author.get(one))
    ok(author.post(f"{path}/editors", json={"userId": stranger.id, "level": "COMMENT"}), 201)
    again = ok(author.patch(one, json={"body": f"@{names['r']} and now @{names['s']}"}))
    assert again["unnotified"] == []
    assert sorted(again["mentions"]) == sorted([reviewer.id, stranger.id])
    ok(author.patch(one, json={"body": "Nobody."}))
    assert ok(author.get(one))["mentions"] == []
    ok(author.patch(one, json={"body": f"@{names['r']} again"}))
    assert [kind for kind, _ in inbox(reviewer, path)].count("mentioned") == 1, "once per comment"
    assert [kind for kind, _ in inbox(stranger, path)].count("mentioned") == 1


@pytest.mark.parametrize("visibility", ["PRIVATE", "TEAM", "ORGANIZATION"])
def test_a_mention_reaches_exactly_those_who_may_read(visibility: str, stack: Stack) -> None:
    admin = stack.person("ADMIN")
    team = ok(admin.post("/api/teams", json={"name": f"Mentions {uuid4().hex[:8]}"}), 201)["id"]
    cast = {role: stack.person() for role in ("author", "editor", "commenter", "reviewer", "participant", "stranger")}
    cast |= {"member": stack.person(teamIds=[team]), "plain": stack.person("MEMBER"), "admin": admin}
    email = ok(admin.get(f"/api/users/{cast['participant'].id}"))["email"]
    report = {
        "externalId": uuid4().hex,
        "title": "Disk full",
        "status": "RESOLVED",
        "startedAt": "2026-11-20T07:00:00Z",
        "resolvedAt": "2026-11-20T07:20:00Z",
        "responders": [email],
    }
    incident = ok(admin.post("/api/incidents", json=report), 201)["id"]
    author = cast["author"]
    body = {"incidentId": incident, "teamIds": [team], "visibility": visibility}
    path = f"/api/postmortems/{ok(author.post('/api/postmortems', json=body), 201)['id']}"
    ok(author.post(f"{path}/editors", json={"userId": cast["editor"].id}), 201)
    ok(author.post(f"{path}/editors", json={"userId": cast["commenter"].id, "level": "COMMENT"}), 201)
    ok(author.post(f"{path}/reviewers", json={"userId": cast["reviewer"].id}), 201)
    made = comment(author, path, " ".join(f"@{handle(stack, one)}" for one in cast.values()))
    for role, who in cast.items():
        sees = who.get(path).status_code == 200
        assert (who.id in made["mentions"]) == sees, f"{role}, {visibility}"
        assert (("mentioned", made["id"]) in inbox(who, path)) == (sees and role != "author")
    assert len(made["mentions"]) + len(made["unnotified"]) == len(cast)


def test_so_many_are_told_of_one_comment(author: Person, stack: Stack) -> None:
    path = draft(author, visibility="ORGANIZATION")
    people = ok(stack.client().get("/api/users", params={"limit": 200, "active": True}))["items"]
    missing = MENTIONS_LIMIT + 2 - len(people)
    handles = [one["handle"] for one in people] + [handle(stack, stack.person()) for _ in range(missing)]
    made = comment(author, path, " ".join(f"@{one}" for one in handles[: MENTIONS_LIMIT + 2]))
    assert len(made["mentions"]) == MENTIONS_LIMIT
    assert [one["why"] for one in made["unnotified"]] == ["TOO_MANY"] * 2


# Requests for changes


def test_a_request_for_changes_is_a_thread_that_publishing_waits_for(author: Person, reviewer: Person) -> None:
    made = writing.in_review(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    body = {"decision": "REQUEST_CHANGES", "comment": "Which pool?"}
    answer = ok(reviewer.post(f"{path}/reviews", json=body), 201)
    assert (answer["status"], answer["unresolvedComments"]) == ("DRAFT", 1)
    (thread,) = ok(author.get(f"{path}/comments", params={"kind": "CHANGE_REQUEST"}))["items"]
    assert (thread["authorId"], thread["body"], thread["resolved"]) == (reviewer.id, "Which pool?", False)
    assert inbox(author, path)[-1] == ("changes_requested", thread["id"]), "told once, with what it asks for"
    comment(author, path, "The new one.", parentId=thread["id"])
    ok(author.post(f"{path}/submit", json={}))
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    problem = refused(author.post(f"{path}/publish"), 409, "NotReadyToPublish")
    assert [one["code"] for one in problem["reasons"]] == ["UnresolvedComments"]
    ok(reviewer.patch(f"{path}/comments/{thread['id']}", json={"resolved": True}))
    assert ok(author.post(f"{path}/publish"))["status"] == "PUBLISHED"


def test_a_request_that_is_refused_or_repeated_leaves_one_thread(author: Person, reviewer: Person) -> None:
    made = writing.in_review(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    refused(reviewer.post(f"{path}/reviews", json={"decision": "REQUEST_CHANGES"}), 422, "CommentRequired")
    assert ok(author.get(path))["unresolvedComments"] == 0
    headers, body = {"Idempotency-Key": uuid4().hex}, {"comment": "Say more."}
    first = reviewer.post(f"{path}/request-changes", json=body, headers=headers)
    again = reviewer.post(f"{path}/request-changes", json=body, headers=headers)
    assert ok(first) == ok(again)
    refused(reviewer.post(f"{path}/request-changes", json=body), 409, "IllegalTransition")
    assert len(ok(author.get(f"{path}/comments"))["items"]) == 1


def test_an_administrator_asks_for_changes_of_a_published_one(author: Person, reviewer: Person, stack: Stack) -> None:
    admin = stack.person("ADMIN")
    made = writing.published(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    told = f"The customer's name must go, @{handle(stack, reviewer)}."
    answer = ok(admin.post(f"{path}/request-changes", json={"comment": told}))
    assert (answer["status"], answer["unresolvedComments"]) == ("IN_REVIEW", 1)
    (thread,) = ok(author.get(f"{path}/comments"))["items"]
    assert (thread["kind"], thread["authorId"], thread["mentions"]) == ("CHANGE_REQUEST", admin.id, [reviewer.id])
    assert inbox(reviewer, path)[-1] == ("mentioned", thread["id"])
    refused(author.post(f"{path}/publish"), 409, "NotReadyToPublish")
    ok(author.patch(f"{path}/comments/{thread['id']}", json={"resolved": True}))
    assert ok(author.post(f"{path}/publish"))["status"] == "PUBLISHED"


async def test_comments_about_moved_text_of_a_large_section_are_all_found(author: Person, stack: Stack) -> None:
    """On a section of 200 kB, with every comment about other words of it."""
    line = "{0}. The pool of shard {0} was full, and its requests queued until it was enlarged."
    text = "\n".join(line.format(n) for n in range(2200))
    path = draft(author, visibility="ORGANIZATION")
    ok(author.patch(path, json={"rootCause": text}))
    postmortem_id = path.rsplit("/", maxsplit=1)[1]
    now = datetime.now(UTC)
    viewer = Viewer(author.id, Role.RESPONDER)
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        seen = await get_visible(session, viewer, postmortem_id)
        for n in range(200):
            marked = Selection(quote=f"pool of shard {n * 11} was full")
            await add_comment(session, viewer, seen, NewComment("Why?", "rootCause", selection=marked), now)
    ok(author.patch(path, json={"rootCause": "Intro.\n\n" + text.replace("shard 1", "shard no. 1")}))
    for limit in (5, 200):
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            page = await list_comments(session, viewer, postmortem_id, CommentFilters(), Ask(limit))
        assert len(page.items) == limit
        for one in page.items:
            assert one.anchor is not None
            assert one.span is not None, one.anchor.quote
            assert one.span.exact == (not one.anchor.quote.startswith("pool of shard 1"))
