"""Reminders of a meeting that begins: sent at once, at any hour."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from application.notifications.notices import notify
from domain.notifications.notices import NoticeKind
from models.meeting import Meeting
from tests.workflows.listening import Room, at, plain


@pytest.mark.usefixtures("mail")
async def test_a_prompt_is_sent_at_once_at_any_hour(room: Room) -> None:
    """On a Saturday night, when everything else waits for Monday; never twice, and not once the meeting has begun."""
    jane = await room.listener()
    mine = await room.postmortem(jane.id, "Checkout")
    saturday = at(5, 23)
    keys = [await planned(room, mine, jane.id, saturday + timedelta(minutes=10 + 60 * more)) for more in range(2)]
    occasion = f"x:{(saturday + timedelta(minutes=10)).isoformat()}"
    await jane.is_told("comment_added", saturday, postmortem_id=mine)
    async with room.lab.sessions.begin() as session:
        about = {"postmortem_id": mine, "meeting_id": keys[0]}
        await notify(session, [jane.id], NoticeKind.MEETING_BEGINS, occasion, at=saturday, **about)
    await jane.until(saturday + timedelta(minutes=2))
    (letter,) = jane.letters()
    assert str(letter["Subject"]).startswith("Checkout: The review meeting begins Sat, ")
    assert f"/postmortems/{mine}/meetings#{keys[0]}" in plain(letter)
    assert [one.kind for one in await jane.messages()] == ["PROMPT"]
    begun = saturday + timedelta(minutes=70)
    async with room.lab.sessions.begin() as session:
        about = {"postmortem_id": mine, "meeting_id": keys[1]}
        late = f"y:{begun.isoformat()}"
        await notify(session, [jane.id], NoticeKind.MEETING_BEGINS, late, at=begun, **about)
    await jane.pass_to(begun + timedelta(minutes=5))
    await jane.until(begun + timedelta(minutes=10))
    assert len(jane.letters()) == 1
    await jane.until(at(7, 10))
    assert [one.kind for one in await jane.messages()] == ["PROMPT", "DIGEST"]


async def planned(room: Room, postmortem_id: str, organizer_id: str, starts_at: datetime) -> str:
    key = f"mtg_{uuid4().hex}"
    async with room.lab.sessions.begin() as session:
        row = Meeting(
            id=key,
            postmortem_id=postmortem_id,
            title="Postmortem review: Checkout",
            starts_at=starts_at,
            minutes=45,
            time_zone="UTC",
            is_additional=True,
            organizer_id=organizer_id,
            created_by_id=organizer_id,
        )
        session.add(row)
    return key
