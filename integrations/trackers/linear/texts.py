"""Titles and descriptions as Linear takes them, and back."""

import re

from integrations.text.mentions import disable_mentions, outside_code, restore_mentions

_PROFILE = re.compile(r"https?://linear\.app/[\w.-]+/profiles/[\w.@-]+")
_MENDED_PROFILE = re.compile(r"`(https?://linear\.app/[\w.-]+/profiles/[\w.@-]+)`")
_BULLET = re.compile(r"^(\s*)\*(?= )(?!(?:[ \t]*\*)+[ \t]*$)", re.MULTILINE)  # a line of stars is a rule


def one_line(title: str) -> str:
    return " ".join(title.replace("\0", "").split())


def written(body: str) -> str:
    """Markdown as it is sent: it mentions nobody."""
    return outside_code(disable_mentions(body), lambda part: _PROFILE.sub(r"`\g<0>`", part))


def as_ours(body: str) -> str:
    """Markdown as it was before :func:`written`, in our hand."""
    return outside_code(restore_mentions(_MENDED_PROFILE.sub(r"\1", body)), lambda part: _BULLET.sub(r"\1-", part))
