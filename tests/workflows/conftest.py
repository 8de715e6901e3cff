"""One database for all; a Temporal as it comes, and one that asks workflows to continue as new early."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.peers.smtp import Mailbox, running_smtp
from tests.servers import servers
from tests.workflows.lab import SUGGEST_CONTINUE_AS_NEW, Lab, running_lab
from tests.workflows.listening import Room, opened_room


@pytest.fixture(scope="session")
def database_url() -> str:
    return servers().database()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(database_url: str) -> AsyncIterator[Lab]:
    async with running_lab(database_url) as one:
        yield one


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def short_lab(database_url: str) -> AsyncIterator[Lab]:
    """Its histories are long after fifty events."""
    async with running_lab(database_url, SUGGEST_CONTINUE_AS_NEW) as one:
        yield one


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    with running_smtp() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def room(database_url: str, box: Mailbox) -> AsyncIterator[Room]:
    async with opened_room(database_url, box) as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mail(room: Room) -> AsyncIterator[str]:
    """The room's mail is connected; the connection's id."""
    made = await room.connect_mail()
    yield made
    await room.disconnect(made)
