"""Titles and descriptions as Linear takes them, and back."""

import re

from domain.tickets import texts
from integrations.text.comparison import look
from integrations.text.mentions import disable_mentions, outside_code, restore_mentions

BODY_LIMIT = 100_000
"""In characters. Linear names no limit; longer texts make its editor slow."""
_TICKED = re.compile(r"^(\s*(?:[-*+]|\d+[.)])\s+)\[X\] ", re.MULTILINE)
_PROFILE = re.compile(r"https?://linear\.app/[\w.-]+/profiles/[\w.@-]+")
_MENDED_PROFILE = re.compile(r"`(https?://linear\.app/[\w.-]+/profiles/[\w.@-]+)`")
_BULLET = re.compile(r"^(\s*)\*(?= )(?!(?:[ \t]*\*)+[ \t]*$)", re.MULTILINE)  # a line of stars is a rule


def one_line(title: str) -> str:
    return " ".join(title.replace("\0", "").split())


def written(body: str, there: str = "") -> str:
    """Markdown as it is sent: it mentions nobody whom the text ``there`` does not."""
    wanted: set[str] = set()

    def note(part: str) -> str:
        wanted.update(_PROFILE.findall(part))
        return part

    def broken(found: re.Match[str]) -> str:
        return found[0] if found[0] in wanted else f"`{found[0]}`"

    outside_code(there, note)
    text = outside_code(disable_mentions(body, there), lambda part: _PROFILE.sub(broken, part))
    return texts.shortened(text, BODY_LIMIT)


def as_ours(body: str) -> str:
    """Markdown as it was before :func:`written`, in our hand."""
    return outside_code(restore_mentions(_MENDED_PROFILE.sub(r"\1", body)), lambda part: _BULLET.sub(r"\1-", part))


def canonical(body: str) -> str:
    """What Linear can express of a text, whichever way it writes its lists, emphasis and boxes."""
    return look(_TICKED.sub(r"\1[x] ", as_ours(written(body))))
