"""What a mail says, by the record: quotes, earlier reminders, what changed since a review, and what isn't said."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.notifications.notices import notify
from domain.escalation.reminders import reminder_key
from domain.notifications.notices import NoticeKind
from models.action_item import ActionItem
from models.content import Section
from models.person import Person
from models.postmortem import Comment, PostmortemParticipant, PostmortemReviewer, PostmortemTarget, Review
from models.team import Team
from tests.workflows.listening import Listener, Room, at, plain

pytestmark = pytest.mark.usefixtures("mail")


def said(letter: object) -> str:
    return plain(letter).replace("\r\n", "\n")  # type: ignore[arg-type]


async def reminded(who: Listener, when: datetime, postmortem_id: str, target: str, **facts: Any) -> None:
    """As the reminders' workflow writes it: the occasion names the due time."""
    async with who.room.lab.sessions.begin() as session:
        row = await session.get_one(PostmortemTarget, (postmortem_id, target))
        key = reminder_key(postmortem_id, target, row.due_at, uuid4().hex)
        about = {"postmortem_id": postmortem_id, "target": target, **facts}
        await notify(session, [who.id], NoticeKind.TARGET_DUE, key, at=when, **about)


async def test_an_escalation_names_the_owner_and_earlier_reminders(room: Room) -> None:
    """Those that were delivered to people who are still there."""
    lead, jane, gone = [await room.listener(name=name) for name in ("Kim Park", "Jane Doe", "Lee Chan")]
    team = await room.team("json://127.0.0.1:9/", lead.id)
    mine = await room.postmortem(jane.id, "Checkout", [team.id])
    async with room.lab.sessions.begin() as session:
        (await session.get_one(Team, team.id)).lead_id = lead.id
        for name in ("draft_completed", "published"):
            (await session.get_one(PostmortemTarget, (mine, name))).due_at = at(-2, 8)
    for who in (jane, gone):
        await reminded(who, at(0, 9), mine, "published", rung="due")
    await jane.until(at(0, 10))
    await gone.change(is_active=False)
    for name in ("draft_completed", "published"):
        await reminded(lead, at(2, 9), mine, name, rung="+3", is_escalation=True)
    await lead.until(at(2, 10))
    (letter,) = lead.letters()
    assert letter["Subject"] == "Checkout: 2 steps are late, the first by 4 days (author: Jane Doe)"
    words = said(letter)
    when = at(0, 9)
    assert f"Reminded before: Jane Doe on {when:%a, %b} {when.day}" in words
    assert "Lee Chan" not in words
    assert f"Automatic escalation, because you lead {team.id}." in words
    assert f"Reassign: http://afterword.test/postmortems/{mine}?edit=author#fact-author" in words


async def test_a_mention_is_quoted_and_leads_to_its_comment(room: Room) -> None:
    jane, bob = await room.listener(name="Jane Doe"), await room.listener(name="Bob Marsh")
    mine = await room.postmortem(jane.id, "Checkout", visibility="ORGANIZATION")
    hidden = await room.postmortem(jane.id, "Secret", visibility="PRIVATE")
    keys = []
    async with room.lab.sessions.begin() as session:
        for one, body in ((mine, "**Bob**, can you check the graphs?"), (hidden, "Nobody may read this.")):
            comment = Comment(id=f"cmt_{uuid4().hex}", postmortem_id=one, author_id=jane.id, body=body)
            comment.section, comment.created_at, comment.updated_at = "rootCause", datetime.now(UTC), datetime.now(UTC)
            session.add(comment)
            keys.append(comment.id)
    for one, key in ((mine, keys[0]), (hidden, keys[1])):
        await bob.is_told("mentioned", at(0, 9), postmortem_id=one, comment_id=key, actor_id=jane.id)
    await bob.until(at(0, 10))
    (letter,) = bob.letters()
    assert letter["Subject"] == "Checkout: Jane Doe mentioned you"
    words = said(letter)
    assert words.startswith(
        "Checkout\nJane Doe mentioned you\n> Bob, can you check the graphs?\nSection: Root cause\n"
        "You get this because you were mentioned.\n"
        f"View comment: http://afterword.test/postmortems/{mine}#c-{keys[0]}\n"
    )
    assert "Secret" not in letter.as_string()
    assert "may read this" not in letter.as_string()


async def test_a_second_round_says_what_changed_since(room: Room) -> None:
    jane, bob = await room.listener(name="Jane Doe"), await room.listener(name="Bob Marsh")
    mine = await room.postmortem(jane.id, "Checkout", status="IN_REVIEW")
    key = f"rev_{uuid4().hex}"
    async with room.lab.sessions.begin() as session:
        now = datetime.now(UTC)
        session.add(PostmortemReviewer(postmortem_id=mine, person_id=bob.id, added_at=now))
        known = {"summary": (await session.get_one(Section, (mine, "summary"))).revision}
        review = Review(id=key, postmortem_id=mine, person_id=bob.id, decision="REQUEST_CHANGES", revision=1)
        review.comment, review.section_revisions, review.created_at = "Add the refunds.", known, now
        session.add(review)
    await bob.is_told("review_requested", at(0, 9), postmortem_id=mine, actor_id=jane.id)
    await bob.until(at(0, 10))
    words = said(bob.letters()[0])
    changed = words.partition("Changed since your review: ")[2].partition("\n")[0]
    assert "Impact" in changed
    assert "Summary" not in changed
    assert "You requested: “Add the refunds.”" in words
    assert f"See what changed: http://afterword.test/postmortems/{mine}/changes?since={key}" in words


async def test_a_publication_says_what_was_found_and_what_comes(room: Room) -> None:
    """To somebody who took part; the owner of an item who may not see it gets nothing."""
    jane, bob, olga = [await room.listener(name=name) for name in ("Jane Doe", "Bob Marsh", "Olga Petrova")]
    mine = await room.postmortem(jane.id, "Checkout", status="PUBLISHED", visibility="PRIVATE", duration_minutes=95)
    async with room.lab.sessions.begin() as session:
        session.add(PostmortemParticipant(postmortem_id=mine, person_id=bob.id))
        item = ActionItem(id=f"ai_{uuid4().hex}", postmortem_id=mine, description="Add a budget", owner_id=olga.id)
        item.due_on, item.created_at, item.updated_at = at(30, 9).date(), datetime.now(UTC), datetime.now(UTC)
        session.add(item)
    for one in (bob, olga):
        await one.is_told("published", at(0, 9), postmortem_id=mine, actor_id=jane.id)
        await one.until(at(0, 10))
    words = said(bob.letters()[0])
    assert words.startswith("Checkout\nJane Doe published it\n> S\nDuration: 1 h 35 min\n")
    assert "Action items: 1 open item: Add a budget (Olga Petrova)\n" in words
    assert olga.letters() == []
    assert await olga.outcomes() == ["HIDDEN"]


async def test_an_owner_outside_of_a_private_postmortem_learns_of_the_item_alone(room: Room) -> None:
    jane, olga = await room.listener(name="Jane Doe"), await room.listener(name="Olga Petrova")
    mine = await room.postmortem(jane.id, "Secret", visibility="PRIVATE")
    async with room.lab.sessions.begin() as session:
        item = ActionItem(id=f"ai_{uuid4().hex}", postmortem_id=mine, description="Add a budget", owner_id=olga.id)
        item.due_on = (at(0, 9) - timedelta(days=3)).date()
        item.created_at = item.updated_at = datetime.now(UTC)
        session.add(item)
        assert await session.get_one(Person, olga.id)
    key = item.id
    await olga.is_told("action_item_overdue", at(0, 9), postmortem_id=mine, action_item_id=key)
    await olga.until(at(0, 10))
    (letter,) = olga.letters()
    assert letter["Subject"] == "Add a budget: 3 days late"
    assert "Secret" not in letter.as_string()
    assert "Jane Doe" not in letter.as_string()


async def test_later_mails_about_a_postmortem_keep_its_subject(room: Room) -> None:
    """What is new comes right after it, where lists of mails show it; an escalation has a subject of its own."""
    jane, bob = await room.listener(name="Jane Doe"), await room.listener(name="Bob Marsh")
    mine, other = [await room.postmortem(bob.id, name, visibility="ORGANIZATION") for name in ("Checkout", "Login")]
    facts = {"postmortem_id": mine, "actor_id": jane.id}
    await bob.is_told("editor_added", at(0, 9), **facts)
    await bob.until(at(0, 10))
    await bob.is_told("changes_requested", at(0, 11), **facts)
    await bob.is_told("changes_requested", at(0, 12), postmortem_id=other, actor_id=jane.id)
    await bob.until(at(0, 13))
    await bob.is_told("draft_stale", at(0, 14), postmortem_id=mine, is_escalation=True)
    await bob.until(at(0, 15))
    subjects = [str(one["Subject"]) for one in bob.letters()]
    assert subjects[:3] == [
        "Checkout: Jane Doe made you an editor",
        "Re: Checkout: Jane Doe made you an editor",
        "Login: Jane Doe requested changes",
    ]
    assert subjects[3].startswith("Checkout: The draft hasn't been edited")
    html = bob.letters()[1].get_body(("html",))
    assert html is not None
    assert ">Jane Doe requested changes" in html.get_content()
