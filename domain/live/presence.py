"""Who has which postmortem open, and where they write. Pages say so again and again; what falls silent is forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass

from domain.live.changes import Beacon

LASTS = 45.0
"""Seconds after which a page that said nothing counts as closed. Pages say something every 20 s."""
MOST_PAGES = 20
"""Of one person; the one that was silent longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody who has the postmortem open, and the sections in which they write."""

    person_id: str
    sections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    section: str | None
    ends_at: float


class Presence:
    """Instants are seconds of any clock that only goes on."""

    def __init__(self) -> None:
        self._open: dict[str, dict[tuple[str, str], _Page]] = {}
        self._pages: dict[str, dict[tuple[str, str], None]] = {}
        """The postmortems and pages of each person, the one that was silent longest first."""

    def note(self, beacon: Beacon, now: float) -> set[str]:
        """The postmortems of which this changes who is there."""
        before = {beacon.postmortem_id: self.here(beacon.postmortem_id)}
        self._forget(beacon.postmortem_id, beacon.person_id, beacon.page)
        if not beacon.is_gone:
            theirs = self._pages.setdefault(beacon.person_id, {})
            while len(theirs) >= MOST_PAGES:
                postmortem_id, page = next(iter(theirs))
                before.setdefault(postmortem_id, self.here(postmortem_id))
                self._forget(postmortem_id, beacon.person_id, page)
                theirs = self._pages.setdefault(beacon.person_id, {})
            theirs[beacon.postmortem_id, beacon.page] = None
            pages = self._open.setdefault(beacon.postmortem_id, {})
            pages[beacon.person_id, beacon.page] = _Page(beacon.section, now + LASTS)
        return self._changed(before)

    def expire(self, now: float) -> set[str]:
        """As :meth:`note`, for pages that were silent for too long."""
        silent = [
            (postmortem_id, *key)
            for postmortem_id, pages in self._open.items()
            for key, page in pages.items()
            if page.ends_at <= now
        ]
        before = {one: self.here(one) for one, _, _ in silent}
        for one in silent:
            self._forget(*one)
        return self._changed(before)

    def here(self, postmortem_id: str) -> list[Here]:
        """Each person once, those who came first at the front."""
        sections: dict[str, set[str]] = {}
        for (person_id, _), page in self._open.get(postmortem_id, {}).items():
            found = sections.setdefault(person_id, set())
            if page.section is not None:
                found.add(page.section)
        return [Here(person_id, tuple(sorted(found))) for person_id, found in sections.items()]

    def _changed(self, before: dict[str, list[Here]]) -> set[str]:
        return {one for one, there in before.items() if _alike(there) != _alike(self.here(one))}

    def _forget(self, postmortem_id: str, person_id: str, page: str) -> None:
        _drop(self._open, postmortem_id, (person_id, page))
        _drop(self._pages, person_id, (postmortem_id, page))


def _alike(here: Iterable[Here]) -> set[Here]:
    return set(here)


def _drop(
    found: dict[str, dict[tuple[str, str], _Page]] | dict[str, dict[tuple[str, str], None]],
    name: str,
    key: tuple[str, str],
) -> None:
    inner = found.get(name)
    if inner is not None:
        inner.pop(key, None)
        if not inner:
            del found[name]
