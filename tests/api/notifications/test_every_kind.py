"""Each kind of notice, one by one: it says who did what, opening it settles it, and so does what it asks for."""

from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from domain.notifications.notices import KINDS, NoticeKind, SettledBy, date_words, sentence
from models.notification import Notice
from tests.api import writing
from tests.api.notifications.cast import DUE, Cast, Occasion, name_of
from tests.api.notifications.occasions import OCCASIONS
from tests.api.notifications.test_me import notify
from tests.api.writing import ok
from tests.pages.visiting import visitor
from tests.stack import Person, Stack, eventually

UNDATED = {
    NoticeKind.ACTION_ITEM_DUE: "“T” no longer has a due date",
    NoticeKind.ACTION_ITEM_OVERDUE: "“T” no longer has a due date",
    NoticeKind.ACTION_ITEM_ASSIGNED: "A assigned “T” to you",
    NoticeKind.TARGET_DUE: "The publication of “T” no longer has a due date",
}
"""What is said of something that isn't due at any time."""


def unread(person: Person, kind: NoticeKind) -> list[Any]:
    found = ok(person.get("/api/me/notifications", params={"kind": kind.value, "unread": True, "limit": 200}))
    return list(found["items"])


@pytest.mark.usefixtures("no_meetings_left")
@pytest.mark.parametrize("kind", NoticeKind)
def test_it_is_worded_opened_and_settled(stack: Stack, tmp_path: Path, kind: NoticeKind) -> None:
    cast = Cast(stack, tmp_path)
    occasion = OCCASIONS[kind](cast)
    (notice,) = eventually(lambda: unread(occasion.receiver, kind))
    page = visitor(stack, occasion.receiver)
    assert occasion.says in unescape(page.get("/inbox?unread=true"))
    assert len(unread(occasion.receiver, kind)) == 1, "to be shown in the list settles nothing"
    page.get(f"/inbox/{notice['id']}", 303)
    assert not unread(occasion.receiver, kind), "opened"
    cast.write("update notice set read_at = null where id = :id", id=notice["id"])
    check_actor(stack, occasion, notice["id"])
    settle = occasion.settle
    assert (settle is None) == (KINDS[kind].settled_by is SettledBy.NOTHING)
    if settle is not None:
        settle()
    shown = unescape(page.get("/inbox?unread=true"))
    assert (occasion.says in shown) == (settle is None)
    assert len(unread(occasion.receiver, kind)) == (settle is None)


def check_actor(stack: Stack, occasion: Occasion, notice_id: str) -> None:
    assert stack.direct is not None
    (actor_id,) = stack.direct.rows(select(Notice.actor_id).where(Notice.id == notice_id))
    assert actor_id == (occasion.actor.id if occasion.actor else None)
    if occasion.actor:
        assert name_of(occasion.actor) in occasion.says


def test_every_sentence_with_an_actor_has_an_occasion_that_names_them() -> None:
    """The sentences themselves; that each occasion stores its actor is tested above."""
    with_actor = {name for name, kind in KINDS.items() if kind.told_of}
    for name in KINDS:
        said = sentence(name, title="T", target="published", actor="Zoe", person="P", delegate="D", detail="x")
        assert ("Zoe" in said) == (name in with_actor), said


@pytest.mark.parametrize("kind", NoticeKind)
def test_without_a_due_date_no_due_time_is_named(kind: NoticeKind) -> None:
    said = sentence(kind, title="T", target="published", actor="A", person="P", delegate="D", detail="x")
    assert "is due" not in said
    assert "was due" not in said
    assert not said.rstrip().endswith("due")
    if kind in UNDATED:
        assert said == UNDATED[kind]


@pytest.mark.parametrize("kind", [NoticeKind.ACTION_ITEM_DUE, NoticeKind.ACTION_ITEM_OVERDUE])
def test_a_reminder_of_an_item_that_lost_its_due_date_is_settled(stack: Stack, kind: NoticeKind) -> None:
    owner = stack.person()
    item = writing.with_item(owner, writing.draft(owner)["id"], owner.id)
    assert stack.direct is not None
    undate = text("update action_item set due_on = null where id = :id")
    stack.direct.write(undate, id=item["id"])
    notify(stack, owner, kind, postmortem_id=item["postmortemId"], action_item_id=item["id"])
    assert item["description"] not in visitor(stack, owner).get("/inbox?unread=true")
    assert not unread(owner, kind)


def test_an_undated_item_is_assigned_without_a_due_time(stack: Stack) -> None:
    author, owner = stack.person(), stack.person()
    made = writing.draft(author, visibility="ORGANIZATION")["id"]
    writing.with_item(author, made, owner.id, description="Undated", dueDate=None)
    writing.with_item(author, made, owner.id, description="Dated", dueDate=DUE.date().isoformat())
    shown = unescape(visitor(stack, owner).get("/inbox"))
    assert f"{name_of(author)} assigned “Undated” to you<" in shown
    assert f"{name_of(author)} assigned “Dated” to you, due {date_words(DUE.date())}<" in shown


def test_channels_and_everyone_who_worked_on_it_are_told_who_published(stack: Stack) -> None:
    author, reviewer, admin = stack.person(), stack.person(), stack.person("ADMIN")
    config = {"host": "mail.example.com", "fromAddress": "a@example.com"}
    mail = {"kind": "email", "name": "Mail", "config": config, "secrets": {}}
    connection_id = ok(admin.post("/api/integrations", json=mail), 201)["id"]
    channel = {"integrationId": connection_id, "address": "a@example.com"}
    team = ok(admin.post("/api/teams", json={"name": f"Team of {author.id}"}), 201)
    ok(admin.patch(f"/api/teams/{team['id']}", json={"channel": channel}))
    made = writing.published(author, [reviewer], teamIds=[team["id"]])
    assert stack.direct is not None
    about = select(Notice).where(Notice.postmortem_id == made["id"], Notice.kind == NoticeKind.PUBLISHED)
    found = stack.direct.rows(about)
    assert {(one.team_id, one.person_id) for one in found} == {(team["id"], None), (None, reviewer.id)}
    assert {one.actor_id for one in found} == {author.id}
    ok(admin.delete(f"/api/integrations/{connection_id}"))  # else everybody's letters would try this way first
