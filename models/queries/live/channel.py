"""A connection of its own for NOTIFY and LISTEN, beside the pool: it is never in a transaction for long."""

from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

from models.database.url import driver_url
from models.session import SESSION_SETTINGS

CHANNEL = "afterword_live"
_NOTIFY = f"select pg_notify('{CHANNEL}', given) from unnest($1::text[]) with ordinality as given(given, place) order by place"  # noqa: S608, E501 - our name
_SETTINGS = SESSION_SETTINGS | {"idle_session_timeout": "0", "synchronous_commit": "off"}
"""Nothing is lost that a crash of the server would not end anyway, so no commit waits for the disk."""

ChannelError = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class Channel:
    """Raises one of ``ChannelError``, after which it is of no use."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @property
    def is_open(self) -> bool:
        return not self._connection.is_closed()

    async def notify(self, texts: Sequence[str]) -> None:
        """In one transaction, in this order."""
        await self._connection.execute(_NOTIFY, list(texts), timeout=10)

    async def listen(self, heard: Callable[[str], None], lost: Callable[[], None]) -> None:
        """``heard`` gets each text, also those of this connection; ``lost`` is called when the server ends it."""
        self._connection.add_termination_listener(lambda _connection: lost())
        await self._connection.add_listener(CHANNEL, lambda _connection, _pid, _channel, text: heard(text))

    async def check(self) -> None:
        await self._connection.execute("select 1", timeout=10)

    async def close(self) -> None:
        try:
            await self._connection.close(timeout=2)
        except ChannelError:
            self._connection.terminate()


async def open_channel(url: str, name: str) -> Channel:
    settings = _SETTINGS | {"application_name": name}
    return Channel(await asyncpg.connect(driver_url(url), timeout=5, server_settings=settings))
