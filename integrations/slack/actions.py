"""What people did in Slack, as its requests tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPEN = "open_"
"""How the action ids of links begin that look like buttons: Slack opens the page, and tells us of it as well."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who, in which workspace; ``id`` is Slack's."""

    id: str
    workspace: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Where somebody was when they asked, and where the answer goes. ``response_url`` works five times in 30 minutes;
    ``message_ts`` and ``blocks`` are those of our message, where it was one that everybody there sees."""

    channel: str | None = None
    response_url: str | None = None
    message_ts: str | None = None
    blocks: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Challenge:
    """Slack asks whether this address is ours."""

    words: str


@dataclass(frozen=True, slots=True)
class Unused:
    """A thing that we know of, or not, and do nothing about."""

    id: str
    what: str


@dataclass(frozen=True, slots=True)
class Command:
    """``/afterword <text>``."""

    id: str
    asker: Asker
    text: str
    trigger_id: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button of ours. ``action`` is its action id, ``value`` the entity it is about."""

    id: str
    asker: Asker
    action: str
    value: str
    block_id: str
    trigger_id: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Submitted:
    """A dialog of ours that was sent. ``values`` are what was entered, by block; ``metadata`` is what we left in it."""

    id: str
    asker: Asker
    callback: str
    metadata: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Captured:
    """A message that somebody picked by the message shortcut. ``message`` is as Slack has it."""

    id: str
    asker: Asker
    callback: str
    channel: str
    message: Mapping[str, Any]
    trigger_id: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Reacted:
    """Somebody put an emoji on a message."""

    id: str
    asker: Asker
    reaction: str
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class LinksShared:
    """Links to us in a message. ``composer``: it is not sent yet, and ``unfurl_id`` and ``source`` name it."""

    id: str
    workspace: str
    channel: str
    ts: str
    links: tuple[str, ...]
    unfurl_id: str | None = None
    source: str | None = None


Asked = Command | Pressed | Submitted | Captured | Reacted | LinksShared
Read = Asked | Challenge | Unused
