"""Open event streams of this process, and what is sent to which: the access rule is asked for every event."""

import asyncio
import json
import random
import time
from collections import Counter, deque
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from prometheus_client import Gauge

from domain.errors import TooManyOwnStreams, TooManyStreams
from domain.live.changes import Beacon, Change, Kind, unpacked
from domain.live.presence import Here, Presence
from models.queries.live import receivers
from models.queries.live.receivers import Versions
from models.session import Sessions, StoreError
from runtime.live import LiveChannel

log = structlog.get_logger()

MOST_STREAMS = 500
"""Of one process."""
MOST_OF_ONE = 20
"""Of one person in one process."""
KEPT = 2_000
"""How many notifications a client may have missed, and still gets one by one."""
MOST_UNSENT = 100
"""Of one stream. A client that reads more slowly than that reads everything anew instead."""
FIRST_READ = 30.0
"""Seconds after which a stream whose answer was never begun is forgotten."""
SWEEP_EVERY = 5.0
"""Seconds in which a page that fell silent is noticed."""
CHECK_EVERY = 60.0
"""Seconds in which a session that ended by its time is noticed. One that somebody ends has its stream ended at once."""
OPEN_STREAMS = Gauge("afterword_event_streams", "Open event streams.", multiprocess_mode="livesum")


@dataclass(frozen=True, slots=True)
class _Told:
    """One notification: its place in the order of all, as clients name it and as this process counts it."""

    place: str
    number: int
    changes: Sequence[Change]


@dataclass(eq=False, slots=True)
class Stream:
    """``seen`` is the number of the last notification that it needs no more."""

    token_id: str
    person_id: str
    postmortem_id: str | None
    seen: int
    opened_at: float
    unsent: deque[bytes] = field(default_factory=deque)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False
    is_read: bool = False

    def push(self, text: bytes) -> None:
        if len(self.unsent) >= MOST_UNSENT:
            self.unsent.clear()
            text = REFRESH
        self.unsent.append(text)
        self.ready.set()

    def end(self, last: bytes = b"") -> None:
        if last:
            self.unsent.append(last)
        self.is_over = True
        self.ready.set()

    def wants(self, change: Change, seeing: dict[str, set[str]], versions: Versions) -> bool:
        if change.kind is Kind.REFRESH:
            return True
        if change.kind is Kind.INBOX:
            return self.postmortem_id is None and change.id == self.person_id
        if change.postmortem_id is None or self.postmortem_id not in {None, change.postmortem_id}:
            return False
        if self.person_id in seeing.get(change.postmortem_id, ()):
            return True
        is_item = change.kind is Kind.ACTION_ITEM and self.postmortem_id is None
        return is_item and versions.owners.get(change.id) == self.person_id


def event_of(change: Change, version: int | None, place: str | None) -> bytes:
    """As it is written into a stream: ids and a number, and no text of anybody."""
    told: dict[str, object] = {"kind": change.kind.value}
    if change.id:
        told["id"] = change.id
    if change.postmortem_id is not None:
        told["postmortemId"] = change.postmortem_id
    if version is not None:
        told["version"] = version
    name = f"id: {place}\n" if place else ""
    return f"{name}data: {json.dumps(told, separators=(',', ':'))}\n\n".encode()


REFRESH = event_of(Change(Kind.REFRESH, ""), None, None)
END = event_of(Change(Kind.END, ""), None, None)
_NEVER_SENT = frozenset({Kind.RIGHTS})


class Streams:
    """One for each process; :meth:`run` sends what :meth:`hear` gets."""

    def __init__(self, sessions: Sessions, channel: LiveChannel) -> None:
        self.presence = Presence()
        self._sessions = sessions
        self._channel = channel
        self._streams: set[Stream] = set()
        self._of_person: Counter[str] = Counter()
        self._kept: deque[_Told] = deque(maxlen=KEPT)
        self._number = 0
        self._fresh: list[_Told] = []
        self._resumed: list[tuple[Stream, list[_Told]]] = []
        self._rights_changed = False
        self._wake = asyncio.Event()
        self._sent_up_to = 0
        self._is_ending = False

    # What processes tell each other

    def hear(self, text: str) -> None:
        try:
            place, told = unpacked(text)
        except ValueError:
            log.warning("unreadable notification", length=len(text))
            return
        changes = [one for one in told if isinstance(one, Change)]
        moved: set[str] = set()
        for one in told:
            if isinstance(one, Beacon):
                moved |= self.presence.note(one, time.monotonic())
        self._add(place, [*changes, *_moves(moved)])

    def miss(self) -> None:
        """Nobody knows what was told in between, so nobody goes on from a place before it."""
        self._kept.clear()
        self._add("", [Change(Kind.REFRESH, "")], keep=False)

    def note_presence(self, beacon: Beacon) -> None:
        """Here at once, elsewhere by a notification."""
        moved = self.presence.note(beacon, time.monotonic())
        self._channel.put([beacon])
        if moved:
            self._add("", _moves(moved), keep=False)

    def here(self, postmortem_id: str) -> list[Here]:
        return self.presence.here(postmortem_id)

    def _add(self, place: str, changes: Sequence[Change], *, keep: bool = True) -> None:
        self._number += 1
        told = _Told(place, self._number, [one for one in changes if one.kind not in _NEVER_SENT])
        self._rights_changed |= len(told.changes) < len(changes)
        if keep:
            self._kept.append(told)
        self._fresh.append(told)
        self._wake.set()

    # Opening and closing

    @property
    def place(self) -> str:
        """The last one that was heard: a page that is read now lacks only what comes after it."""
        return self._kept[-1].place if self._kept else ""

    def open(self, token_id: str, person_id: str, postmortem_id: str | None, after: str | None) -> Stream:
        """To be given back with :meth:`close`. ``after`` is the place of the last event that the client has.

        Raises TooManyStreams, TooManyOwnStreams.
        """
        if self._is_ending or len(self._streams) >= MOST_STREAMS:
            raise TooManyStreams(limit=MOST_STREAMS)
        if self._of_person[person_id] >= MOST_OF_ONE:
            raise TooManyOwnStreams(limit=MOST_OF_ONE)
        stream = Stream(token_id, person_id, postmortem_id, self._number, time.monotonic())
        if after:
            self._resume(stream, after)
        self._streams.add(stream)
        self._of_person[person_id] += 1
        OPEN_STREAMS.set(len(self._streams))
        return stream

    def _resume(self, stream: Stream, after: str) -> None:
        missed: list[_Told] = []
        for told in reversed(self._kept):
            if told.place == after:
                self._resumed.append((stream, missed[::-1]))
                self._wake.set()
                return
            missed.append(told)
        stream.push(REFRESH)

    def close(self, stream: Stream) -> None:
        if stream in self._streams:
            self._streams.discard(stream)
            self._of_person[stream.person_id] -= 1
            if not self._of_person[stream.person_id]:
                del self._of_person[stream.person_id]
            OPEN_STREAMS.set(len(self._streams))
        stream.is_over = True

    def end(self) -> None:
        """Ends all streams, and opens no others: the process is about to end."""
        self._is_ending = True
        for one in self._streams:
            one.end()

    def still(self) -> bytes:
        """What a stream says when there was nothing else to say: up to where it is complete."""
        place = next((one.place for one in reversed(self._kept) if one.number <= self._sent_up_to), "")
        return f"id: {place}\nevent: place\ndata: {{}}\n\n".encode() if place else b":\n\n"

    # Sending

    async def run(self) -> None:
        """Until it is cancelled."""
        checked_at = time.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_EVERY):
                    await self._wake.wait()
            self._wake.clear()
            now = time.monotonic()
            if gone := self.presence.expire(now):
                self._add("", _moves(gone), keep=False)
            for one in [one for one in self._streams if not one.is_read and now - one.opened_at > FIRST_READ]:
                self.close(one)
            if now - checked_at > CHECK_EVERY:
                self._rights_changed = True
            if self._rights_changed:
                checked_at = now
            await self._send_fresh()

    async def _send_fresh(self) -> None:
        fresh, self._fresh = self._fresh, []
        resumed, self._resumed = self._resumed, []
        checks, self._rights_changed = self._rights_changed, False
        waiting = list(self._streams)
        work = [(stream, missed) for stream, missed in resumed if stream in self._streams]
        work += [(stream, [one for one in fresh if one.number > stream.seen]) for stream in waiting]
        if waiting and (checks or any(told.changes for _, all_told in work for told in all_told)):
            try:
                await self._send(work)
            except (StoreError, OSError) as error:
                log.warning("can't ask who may see what changed", reason=str(error)[:200])
                for stream in waiting:  # whoever may see what can't be known now
                    stream.push(REFRESH)
        if fresh:
            self._sent_up_to = fresh[-1].number

    async def _send(self, work: Sequence[tuple[Stream, Sequence[_Told]]]) -> None:
        streams = {stream for stream, _ in work}
        changes = {change for _, all_told in work for told in all_told for change in told.changes}
        postmortem_ids = {one.postmortem_id for one in changes if one.postmortem_id}
        async with self._sessions.begin() as session:
            valid = await receivers.list_valid(session, {one.token_id for one in streams}, datetime.now(UTC))
            seeing: dict[str, set[str]] = {}
            versions = Versions({}, {})
            if postmortem_ids:
                people = {one.person_id for one in streams if one.token_id in valid}
                seeing = await receivers.list_seeing(session, postmortem_ids, people)
                versions = await receivers.read_versions(session, changes)
        for stream in streams:
            if stream.token_id not in valid:
                stream.end(END)
        for stream, all_told in work:
            if not stream.is_over:
                _push(stream, all_told, seeing, versions)


def _push(stream: Stream, all_told: Iterable[_Told], seeing: dict[str, set[str]], versions: Versions) -> None:
    for told in all_told:
        wanted = [one for one in told.changes if stream.wants(one, seeing, versions)]
        if wanted:  # the last one has the place: whoever loses the stream in between gets all of them again
            places = [None] * (len(wanted) - 1) + [told.place or None]
            texts = [event_of(one, versions.of(one), place) for one, place in zip(wanted, places, strict=True)]
            stream.push(b"".join(texts))


def _moves(postmortem_ids: Collection[str]) -> list[Change]:
    return [Change(Kind.PRESENCE, one, one) for one in sorted(postmortem_ids)]


def retry_after() -> int:
    """Milliseconds until a client whose stream ended comes back: not all of them at once."""
    return random.randint(1_000, 4_000)  # noqa: S311 - no secret
