"""What was so when a notice was written, and is not so any more when it would be told."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest
import pytest_asyncio

from models.postmortem import PostmortemTarget
from tests.peers.smtp import Mailbox, running_smtp
from tests.workflows.listening import Room, at, opened_room


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    with running_smtp() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def room(database_url: str, box: Mailbox) -> AsyncIterator[Room]:
    async with opened_room(database_url, box) as one:
        mail = await one.connect_mail()
        yield one
        await one.disconnect(mail)


async def extend(room: Room, postmortem_id: str, target: str, until: datetime) -> None:
    async with room.lab.sessions.begin() as session:
        (await session.get_one(PostmortemTarget, (postmortem_id, target))).extended_to = until


async def test_a_second_slip_is_told_to_the_lead(room: Room) -> None:
    lead, author = await room.listener(), await room.listener()
    theirs = await room.postmortem(author.id, "Slipping", visibility="ORGANIZATION")
    await extend(room, theirs, "draft_completed", at(20, 9))
    await lead.is_told("target_slipped", at(0, 9), postmortem_id=theirs, target="draft_completed")
    await lead.until(at(0, 10))
    assert await lead.outcomes() == ["TOLD"]
