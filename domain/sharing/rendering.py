"""Markdown as outsiders see it: links that lead inside are gone, and ``@handle`` names nobody."""

import re
from collections.abc import Sequence

from domain.content import markdown
from domain.markdown import Token
from domain.sharing.hosts import is_private_url, private_urls

HIDDEN_LINK = "[internal link]"
SOMEONE = "someone"
_MENTION = re.compile(r"(?<![\w.+@/=-])@[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?(?![\w@])")


def render_for_outsiders(text: str, own_host: str) -> str:
    """The text as HTML, safe to put into a page as it is. ``own_host`` is where Afterword itself is reached."""

    def prepare(tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.children is not None:
                token.children = _prepared(token.children, own_host)

    return markdown.render(text, prepare)


def plain_for_outsiders(text: str, own_host: str) -> str:
    """The same for a text without Markdown, such as an event of a timeline. To be escaped."""
    parts, at = [], 0
    for link in private_urls(text, own_host):
        parts += [text[at : link.start], HIDDEN_LINK]
        at = link.end
    return _MENTION.sub(SOMEONE, "".join([*parts, text[at:]]))


def _prepared(children: Sequence[Token], own_host: str) -> list[Token]:
    kept: list[Token] = []
    hidden: list[bool] = []
    for token in children:
        if token.type == "link_open":
            hidden.append(_is_inside(str(token.attrs.get("href", "")), own_host))
            if hidden[-1]:
                continue
        if token.type == "link_close" and hidden.pop():
            continue
        if token.type == "image" and _is_inside(str(token.attrs.get("src", "")), own_host):
            kept.append(Token("text", "", 0, content=token.content))
            continue
        if token.type == "text":
            words = HIDDEN_LINK if any(hidden) and "://" in token.content else token.content
            token.content = _MENTION.sub(SOMEONE, words)
        kept.append(token)
    return kept


def _is_inside(address: str, own_host: str) -> bool:
    """``attachment:`` addresses are ours, and are replaced where they may be shown."""
    if address.lower().startswith(("mailto:", "attachment:")):
        return False
    return "://" not in address or is_private_url(address, own_host)
