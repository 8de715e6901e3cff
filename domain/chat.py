"""Rules of the chat front end: commands, the postmortems that they name, and which links may be previewed."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from domain.access import Visibility
from domain.postmortems.lifecycle import Status


class CommandName(StrEnum):
    """The first word of a command."""

    MINE = "mine"
    OVERDUE = "overdue"
    CREATE = "create"
    STATUS = "status"
    MEET = "meet"
    BIND = "bind"
    UNBIND = "unbind"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class CommandText:
    """A command's text. ``name`` is None if ``first`` is no command."""

    name: CommandName | None
    first: str
    rest: str


def read_command(text: str) -> CommandText:
    """An empty text asks for help."""
    first, _, rest = " ".join(text.split()).partition(" ")
    first = first.lower()
    name = next((one for one in CommandName if one == first), None)
    return CommandText(name if first else CommandName.HELP, first[:60], rest.strip()[:2000])


def shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Pointer:
    """A postmortem or incident by its id, or a postmortem by its number."""

    id: str | None = None
    number: int | None = None


_ID = re.compile(r"(?:pm|inc)_[A-Za-z0-9_-]{1,80}")
_NUMBER = re.compile(r"#?(\d{1,9})")
_PATH = re.compile(r"/(?:postmortems|incidents)/((?:pm|inc)_[A-Za-z0-9_-]{1,80})")


def read_pointer(text: str) -> Pointer | None:
    """``pm_...``, ``inc_...``, ``17``, ``#17`` or the address of a page; None for anything else."""
    text = text.strip().strip("<>").partition("|")[0].strip("`*_ ")
    if _ID.fullmatch(text):
        return Pointer(id=text)
    if found := _NUMBER.fullmatch(text):
        return Pointer(number=int(found[1]))
    if found := _PATH.search(text):
        return Pointer(id=found[1])
    return None


def linked_postmortem(url: str, base_url: str) -> str | None:
    """The id in the address of one of our postmortems' pages; None for every other address."""
    prefix = f"{base_url.rstrip('/')}/postmortems/"
    if not url.startswith(prefix):
        return None
    found = re.match(r"(pm_[A-Za-z0-9_-]{1,80})(?=[/?#]|$)", url[len(prefix) :])
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a link was posted. ``is_outside``: people of other organisations read it, or we could not find out;
    ``team_ids`` are the teams whose channel it was declared to be."""

    is_outside: bool = True
    is_private: bool = False
    team_ids: AbstractSet[str] = frozenset()


def may_preview(status: Status, visibility: Visibility, team_ids: AbstractSet[str], channel: Channel) -> bool:
    """Whether everybody in that channel may see the postmortem; a neutral card stands for it otherwise.

    Nobody is asked who reads a channel: its members change, and its past is read by those who join. So what is shown
    there has to be everybody's, or the team's own in the private channel that an administrator declared to be theirs.
    """
    if channel.is_outside or visibility is Visibility.PRIVATE:
        return False
    if visibility is Visibility.ORGANIZATION:
        return status in {Status.PUBLISHED, Status.ARCHIVED}
    return channel.is_private and bool(team_ids & channel.team_ids)
