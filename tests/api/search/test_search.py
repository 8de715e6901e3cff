"""Search: what is found, where, and in which order; and never what the viewer may not see."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from domain import access
from domain.access import Relation, Role, Viewer, Visibility
from domain.errors import NotFound
from domain.postmortems.lifecycle import Status
from models.person import Person as Somebody
from models.postmortem import Postmortem
from models.queries.access.visibility import effective_visibility, visible_to, visible_to_person
from models.queries.postmortems.postmortems import get_visible
from tests.api import writing
from tests.api.rows import Cast, Row, put, sessions_of
from tests.api.writing import ok
from tests.nightly import tried
from tests.stack import Person, Stack

PLACES = ("title", "tag", "section", "timeline", "comment", "actionItem")


def word() -> str:
    """That nobody wrote before, and that no stemmer shortens."""
    return f"zq{uuid4().hex[:10]}k"


def found(person: Any, q: str, **more: Any) -> Any:
    return ok(person.get("/api/search", params={"q": q, **more}))


def ids(answer: Any) -> list[str]:
    return [one["postmortem"]["id"] for one in answer["items"]]


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


# What is found


def test_each_place_is_searched_and_named(author: Person) -> None:
    words = {place: word() for place in PLACES}
    made = writing.draft(author, title=f"Outage {words['title']}", tags=[words["tag"]], impact=f"A {words['section']}.")
    path = f"/api/postmortems/{made['id']}"
    event = ok(author.post(f"{path}/timeline", json={"at": "2026-01-01T10:00:00Z", "event": words["timeline"]}), 201)
    comment = ok(author.post(f"{path}/comments", json={"body": words["comment"], "section": "impact"}), 201)
    item = writing.with_item(author, made["id"], author.id, description=words["actionItem"])
    expected = {
        "title": ("title", None, None),
        "tag": ("title", None, None),
        "section": ("section", "impact", None),
        "timeline": ("timeline", None, event["id"]),
        "comment": ("comment", "impact", comment["id"]),
        "actionItem": ("actionItem", None, item["id"]),
    }
    for place, (kind, section, id_) in expected.items():
        answer = found(author, words[place])
        assert ids(answer) == [made["id"]], place
        assert answer["complete"]
        (match,) = answer["items"][0]["matches"]
        assert (match["kind"], match["section"], match["id"]) == (kind, section, id_)
        assert [one["text"] for one in match["excerpt"] if one["hit"]] == [words[place]]
        assert ids({"items": found(author, words[place], kind=kind)["items"]}) == [made["id"]]
        assert ids(found(author, words[place], kind="comment" if kind != "comment" else "title")) == []
        listed = ok(author.get("/api/postmortems", params={"q": words[place]}))["items"]
        assert [one["id"] for one in listed] == [made["id"]]
    told = answer["items"][0]["postmortem"]
    assert (told["number"], told["status"], told["title"]) == (made["number"], "DRAFT", made["title"])


def test_words_may_stand_in_different_places(author: Person) -> None:
    first, second = word(), word()
    made = writing.draft(author, title=f"Slow {first}")
    ok(author.post(f"/api/postmortems/{made['id']}/comments", json={"body": second}), 201)
    answer = found(author, f"{first} {second}")
    assert ids(answer) == [made["id"]]
    assert {one["kind"] for one in answer["items"][0]["matches"]} == {"title", "comment"}


def test_what_changes_is_found_at_once_and_what_is_gone_is_not(author: Person) -> None:
    old, new = word(), word()
    made = writing.draft(author, impact=f"Then {old}.")
    path = f"/api/postmortems/{made['id']}"
    comment = ok(author.post(f"{path}/comments", json={"body": f"and {old}er"}), 201)
    ok(author.patch(path, json={"impact": f"Now {new}.", "title": f"Renamed {new}title"}))
    assert ids(found(author, old)) == []
    assert ids(found(author, new)) == ids(found(author, f"{new}title")) == [made["id"]]
    ok(author.patch(f"{path}/comments/{comment['id']}", json={"body": f"{new}comment"}))
    assert ids(found(author, f"{old}er")) == []
    assert ids(found(author, f"{new}comment")) == [made["id"]]
    ok(author.delete(f"{path}/comments/{comment['id']}"), 204)
    assert ids(found(author, f"{new}comment")) == []


def test_what_many_write_at_once_is_all_found(author: Person) -> None:
    pm = writing.draft(author)["id"]
    words = [word() for _ in range(12)]

    def say(one: str) -> None:
        ok(author.post(f"/api/postmortems/{pm}/comments", json={"body": one}), 201)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(say, words))
    assert [ids(found(author, one)) for one in words] == [[pm]] * len(words)
    assert ids(found(author, " ".join(words))) == [pm]


def test_the_syntax_of_the_web(author: Person) -> None:
    a, b, c = word(), word(), word()
    near = writing.draft(author, impact=f"{a} {b}", title=f"near {c}")["id"]
    far = writing.draft(author, impact=f"{a} and then {b}", title=f"far {c}")["id"]
    only = writing.draft(author, impact=f"{a}", title=f"only {c}")["id"]
    assert set(ids(found(author, f"{a} {b}"))) == {near, far}
    assert ids(found(author, f'"{a} {b}"')) == [near]
    assert set(ids(found(author, f'{a} -"{a} {b}"'))) == {far, only}
    assert ids(found(author, f"{a} -{b}")) == [only]
    assert set(ids(found(author, f"{b} or {c}"))) == {near, far, only}
    for nothing in ("the", "-nothing", '"', "!!!", "' & | :*", "(", "\\", "<->", "a:b", "'" * 99, '-"a b"'):
        found(author, nothing)
        ok(author.get("/api/postmortems", params={"q": nothing}))
    assert ids(found(author, "the")) == ids(found(author, f"-{uuid4().hex}")) == []


def test_english_words_are_found_by_their_stems(author: Person) -> None:
    name = word()
    made = writing.draft(author, title=f"{name} databases crashing")
    assert ids(found(author, f"{name} database crash")) == [made["id"]]


def test_an_excerpt_is_text_and_never_markup(author: Person) -> None:
    name = word()
    writing.draft(author, impact=f"<script>alert(1)</script> <b>{name}</b> \x02fake\x03 & <mark>x</mark>")
    (match,) = found(author, name)["items"][0]["matches"]
    assert [one["text"] for one in match["excerpt"] if one["hit"]] == [name]
    assert "\x02" not in "".join(one["text"] for one in match["excerpt"])


def test_the_title_counts_more_than_a_comment(author: Person) -> None:
    name = word()
    titled = writing.draft(author, title=f"About {name}")["id"]
    summed = writing.draft(author, summary=f"About {name}")["id"]
    said = writing.draft(author)["id"]
    ok(author.post(f"/api/postmortems/{said}/comments", json={"body": f"about {name}"}), 201)
    assert ids(found(author, name)) == [titled, summed, said]


def test_pages_hold_everything_once_also_while_others_are_opened(author: Person) -> None:
    name = word()
    made = [writing.draft(author, title=f"{name} {number}")["id"] for number in range(7)]
    seen, cursor = [], None
    while True:
        answer = found(author, name, limit=3, **({"cursor": cursor} if cursor else {}))
        seen += ids(answer)
        cursor = answer["nextCursor"]
        if cursor is None:
            break
        writing.draft(author, title=f"{name} later")
    assert sorted(seen) == sorted(made)
    first = found(author, name, limit=3)["nextCursor"]
    for bad in (first + "x", first[:-3], "e30", "é"):
        assert author.get("/api/search", params={"q": name, "cursor": bad}).status_code == 422
    assert author.get("/api/search", params={"q": "other", "cursor": first}).status_code == 422


async def test_more_than_can_be_ranked_is_said(stack: Stack, author: Person) -> None:
    name = word()
    cast = Cast(author.id, "", author.id, "")
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        for _ in range(205):
            await put(session, cast, Row(word=name))
    answer = found(author, name, limit=50)
    assert len(answer["items"]) == 50
    assert not answer["complete"]


async def test_what_a_title_says_is_first_however_old_it_is(stack: Stack, author: Person) -> None:
    """Of words that more postmortems hold than are ranked."""
    name, other = word(), word()
    cast = Cast(author.id, "", author.id, "")
    oldest = Row(word=f"{name} and {other}")
    async with sessions_of(stack) as sessions:
        async with sessions.begin() as session:
            await put(session, cast, oldest)
        async with sessions.begin() as session:
            for _ in range(210):
                await put(session, cast, Row(word=f"{name} {other}", place="section"))
    for query in (name, f"{name} {other}", f'{name} "{other}"', f"{name} -{word()}"):
        answer = found(author, query, limit=50)
        assert (ids(answer)[0], answer["complete"]) == (oldest.id, False), query
    assert oldest.id not in ids(found(author, f"{name} -{other}", limit=50))


def test_a_phrase_is_found_in_each_kind_of_place_and_refused_in_each(author: Person) -> None:
    first, second = word(), word()
    phrase, apart = f"{first} {second}", f"{second} then {first}"
    titled = writing.draft(author, title=f"A {phrase}")["id"]
    written = writing.draft(author, title=apart, impact=f"A {phrase}.")["id"]
    said = writing.draft(author, title=apart)["id"]
    ok(author.post(f"/api/postmortems/{said}/comments", json={"body": phrase}), 201)
    nowhere = writing.draft(author, title=apart, impact=apart)["id"]
    assert set(ids(found(author, f'"{phrase}"'))) == {titled, written, said}
    assert set(ids(found(author, f'{first} -"{phrase}"'))) == {nowhere}
    listed = ok(author.get("/api/postmortems", params={"q": f'"{phrase}"'}))["items"]
    assert {one["id"] for one in listed} == {titled, written, said}


async def test_very_long_and_very_many_words_can_be_written(author: Person) -> None:
    """A search document holds 1 MB: beyond that it forgets the longest words, and nobody's text is refused."""
    name = word()
    sections = ("summary", "impact", "rootCause", "resolution", "lessonsLearned", "detection", "response")
    texts = {
        one: " ".join(f"{one}{number:x}{'y' * 40}" for number in range(190_000 // (len(one) + 46))) for one in sections
    }
    made = writing.draft(author, title=f"Long {name}", **texts)
    assert ids(found(author, name)) == [made["id"]]


# Never what may not be seen

RELATIONS = (
    Relation.AUTHOR,
    Relation.EDITOR,
    Relation.COMMENTER,
    Relation.REVIEWER,
    Relation.PARTICIPANT,
    Relation.TEAM,
)


def held_relations() -> st.SearchStrategy[frozenset[Relation]]:
    """One person has one level as an editor."""
    return st.frozensets(st.sampled_from(RELATIONS), max_size=2).filter(
        lambda held: not {Relation.EDITOR, Relation.COMMENTER} <= held
    )


ROWS = st.lists(
    st.builds(
        Row,
        status=st.sampled_from(Status),
        visibility=st.none() | st.sampled_from(Visibility),
        held=held_relations(),
        has_team=st.booleans(),
        place=st.sampled_from(PLACES),
        id=st.builds(lambda: f"pm_{uuid4().hex}"),
    ),
    min_size=1,
    max_size=8,
)


def visibility_of(row: Row) -> Visibility:
    has_team = row.has_team or Relation.TEAM in row.held
    return row.visibility or access.default_visibility(row.status, has_team=has_team)


def may_see(row: Row, others: Collection[Relation] = ()) -> bool:
    return access.may_see(visibility_of(row), {*row.held, *others})


@pytest.fixture(scope="module")
def cast(stack: Stack) -> Cast:
    admin = stack.client()
    mine, theirs = (ok(admin.post("/api/teams", json={"name": f"T{uuid4().hex}"}), 201)["id"] for _ in range(2))
    return Cast("", mine, stack.person().id, theirs)


@pytest.fixture(scope="module")
def viewer(stack: Stack, cast: Cast) -> Person:
    return stack.person(teamIds=[cast.team_id])


@settings(max_examples=tried(5, 20), deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(rows=ROWS)
async def test_nobody_finds_what_they_may_not_see(
    stack: Stack, admin: httpx.Client, cast: Cast, viewer: Person, rows: list[Row]
) -> None:
    """Search, lists, the lists of action items, similar ones and the audit trail, against ``domain.access``."""
    name = word()
    rows = [Row(**{**vars(one), "word": name}) for one in rows]
    target = Row(held={Relation.AUTHOR}, place="section", word=name)
    placed = Cast(viewer.id, cast.team_id, cast.other_id, cast.other_team_id)
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        for row in (*rows, target):
            await put(session, placed, row)
    everything = {one.id for one in (*rows, target)}
    expected = {one.id for one in rows if may_see(one)} | {target.id}
    answer = found(viewer, name)
    assert set(ids(answer)) == expected
    assert answer["complete"]
    for place in ("title", "section", "timeline", "comment", "actionItem"):
        kinds = {"title", "tag"} if place == "title" else {place}
        there = {one.id for one in (*rows, target) if one.place in kinds} & expected
        assert set(ids(found(viewer, name, kind=place))) == there
    listed = ok(viewer.get("/api/postmortems", params={"q": name}))["items"]
    assert {one["id"] for one in listed} == expected
    newest = ok(viewer.get("/api/postmortems", params={"limit": 200}))["items"]
    assert {one["id"] for one in newest} & everything == expected
    items = ok(viewer.get("/api/action-items", params={"q": name}))["items"]
    assert {one["postmortemId"] for one in items} == {one.id for one in rows if one.place == "actionItem"} & expected
    similar = ok(viewer.get(f"/api/postmortems/{target.id}/similar", params={"limit": 20}))["items"]
    assert {one["postmortem"]["id"] for one in similar} & everything <= expected - {target.id}
    for one in rows:
        status = 200 if one.id in expected else 404
        for path in ("", "/audit", "/similar", "/comments", "/timeline"):
            assert viewer.get(f"/api/postmortems/{one.id}{path}").status_code == status
    assert set(ids(found(admin, name))) == everything


@pytest.fixture(scope="module")
def administrator(stack: Stack, cast: Cast) -> Person:
    return stack.person("ADMIN", teamIds=[cast.team_id])


@pytest.mark.parametrize("role", [Role.RESPONDER, Role.ADMIN])
@settings(max_examples=tried(8, 30), deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(rows=ROWS)
async def test_the_rule_in_sql_is_the_rule_of_the_domain(
    stack: Stack, cast: Cast, viewer: Person, administrator: Person, role: Role, rows: list[Row]
) -> None:
    """``models.queries.access.visibility`` against ``domain.access``: from the viewer's side, from the postmortem's,
    and what the viewer is to it."""
    who = administrator if role is Role.ADMIN else viewer
    asking = Viewer(who.id, role, frozenset({cast.team_id}))
    own = {Relation.ADMIN} if role is Role.ADMIN else set()
    async with sessions_of(stack) as sessions, sessions() as session:
        for row in rows:
            await put(session, Cast(who.id, cast.team_id, cast.other_id, cast.other_team_id), row)
        these = Postmortem.id.in_([one.id for one in rows])
        visible = set((await session.execute(select(Postmortem.id).where(these, visible_to(asking)))).scalars())
        assert visible == {one.id for one in rows if may_see(one, own)}
        chosen = await session.execute(select(Postmortem.id, effective_visibility()).where(these))
        stood = {row[0]: Visibility(row[1]) for row in chosen.all()}
        for row in rows:
            assert stood[row.id] == visibility_of(row)
            told = await session.execute(select(Somebody.id).where(Somebody.id == who.id, visible_to_person(row.id)))
            assert (told.scalar_one_or_none() is not None) == (row.id in visible)
            if row.id in visible:
                assert (await get_visible(session, asking, row.id, lock=True)).relations == {*row.held, *own}
            else:
                with pytest.raises(NotFound):
                    await get_visible(session, asking, row.id)
