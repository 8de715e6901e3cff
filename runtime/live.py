"""Telling all processes what changed, and hearing it: one connection beside the pool, opened anew when it is lost."""

import asyncio
import secrets
from collections.abc import Iterable
from contextlib import suppress
from contextvars import Context
from typing import Protocol

import structlog

from domain.live.changes import Change, Kind, Told, packed
from models.queries.live.channel import Channel, ChannelError, open_channel

log = structlog.get_logger()

TOGETHER = 0.02
"""Seconds in which what changes is told at once. The first change doesn't wait for it."""
CHECK_EVERY = 30.0
"""Seconds. A server that went away without a word is noticed by then."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
MOST_WAITING = 2_000
"""Changes that are kept while the database is away; if there are more, everybody reads everything again."""
LAST_WORDS = 1.0
"""Seconds for telling what is left when the process ends."""


class Hearer(Protocol):
    def hear(self, text: str) -> None:
        """What some process told, this one included."""

    def miss(self) -> None:
        """Something may have been told that was not heard."""


class LiveChannel:
    """Made in a running loop, where :meth:`put` is called too. It connects when it is first needed."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._sender = secrets.token_hex(4)
        self._count = 0
        self._waiting: dict[Told, None] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._hearer: Hearer | None = None
        self._has_heard = False

    def put(self, told: Iterable[Told]) -> None:
        """Returns at once."""
        self._waiting.update(dict.fromkeys(told))
        if len(self._waiting) > MOST_WAITING:
            self._waiting = {Change(Kind.REFRESH, ""): None}
        self._idle.clear()
        self._wake.set()
        self._begin()

    def listen(self, hearer: Hearer) -> None:
        self._hearer = hearer
        self._begin()

    async def close(self) -> None:
        if self._task is None:
            return
        if self._waiting:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS):
                    await self._idle.wait()
        self._task.cancel()
        await asyncio.wait([self._task])

    def _begin(self) -> None:
        if self._task is None:  # it doesn't belong to the request that came first
            self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    async def _run(self) -> None:
        pause, is_told = FIRST_PAUSE, False
        while True:
            channel: Channel | None = None
            try:
                channel = await open_channel(self._url, f"{self._name} live")
                if self._hearer is not None:
                    await self._hear(channel, self._hearer)
                pause, is_told = FIRST_PAUSE, False
                await self._serve(channel)
            except ChannelError as error:
                if not is_told:
                    log.warning("no live updates until the database answers again", reason=str(error)[:200])
                is_told = True
            finally:
                if channel is not None:
                    await channel.close()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _hear(self, channel: Channel, hearer: Hearer) -> None:
        def heard(text: str) -> None:
            self._has_heard = True
            hearer.hear(text)

        self._has_heard = False
        await channel.listen(heard, self._wake.set)
        hearer.miss()
        await channel.notify(self._texts([]))  # a place in the order of all, which every process hears

    async def _serve(self, channel: Channel) -> None:
        while channel.is_open:
            try:
                async with asyncio.timeout(CHECK_EVERY):
                    await self._wake.wait()
            except TimeoutError:
                await self._check(channel)
                continue
            self._wake.clear()
            if self._waiting:
                await self._tell(channel)
                await asyncio.sleep(TOGETHER)

    async def _tell(self, channel: Channel) -> None:
        told, self._waiting = self._waiting, {}
        try:
            await channel.notify(self._texts(list(told)))
        except ChannelError:
            self._waiting = told | self._waiting
            self._wake.set()
            raise
        if not self._waiting:
            self._idle.set()

    async def _check(self, channel: Channel) -> None:
        await channel.check()
        if self._hearer is not None and not self._has_heard:
            log.warning("no live updates: notifications don't arrive, as behind a pooler that shares connections")

    def _texts(self, told: list[Told]) -> list[str]:
        texts = packed(told, self._sender, self._count + 1)
        self._count += len(texts)
        return texts
