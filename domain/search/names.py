"""Finding things by their names, while somebody types."""

import re
from enum import StrEnum


class NameKind(StrEnum):
    """In the order in which equally good ones are shown."""

    PERSON = "person"
    POSTMORTEM = "postmortem"
    ACTION_ITEM = "action_item"
    INCIDENT = "incident"
    SERVICE = "service"


_NUMBER = re.compile(r"\s*#?(\d{1,9})\s*")


def number_in(typed: str) -> int | None:
    """The number of a postmortem, as ``#17`` or ``17``."""
    found = _NUMBER.fullmatch(typed)
    return int(found[1]) if found else None


_MEANS_SOMETHING = re.compile(r"([\\`*_\[\]<>~|])")


def link_to(name: str, address: str) -> str:
    """A link in Markdown, whose name reads as it is."""
    shown = _MEANS_SOMETHING.sub(r"\\\1", " ".join(name.split()))
    return f"[{shown}]({address})"
