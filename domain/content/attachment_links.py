"""How Markdown refers to the attachments of its postmortem: ``![alt](attachment:att_…)``."""

import re
from collections.abc import Mapping

_CALLED = re.compile(r"attachment:(att_[a-z0-9]{1,60})(?![A-Za-z0-9_])")


def attachment_in(address: str) -> str | None:
    """The id in ``attachment:att_…``, which is an image's or a link's address in Markdown."""
    found = _CALLED.fullmatch(address)
    return found[1] if found else None


def with_references(text: str, moved: Mapping[str, str]) -> str:
    """The text with each reference to one of the attachments replaced."""
    return _CALLED.sub(lambda found: moved.get(found[1], found[0]), text)


def referenced_in(text: str) -> list[str]:
    """The ids of the attachments that a text refers to, each once, in the order of the text."""
    return list(dict.fromkeys(_CALLED.findall(text)))
