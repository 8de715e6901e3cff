"""Slack's text format (mrkdwn) as Markdown: mentions, links, entities, bold and strike.

Slack's page: https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Mapping

_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.S)
_ANGLE = re.compile(r"<([^<>\n]{1,4000})>")
_BOLD = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*?[^\s*])\*(?![\w*])")
_STRIKE = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]*?[^\s~])~(?![\w~])")
_SAFE = re.compile(r"(?:https?|mailto):[^\s<>]+", re.I)
_HARD_BREAK = "  \n"


def to_markdown(text: str, names: Mapping[str, str]) -> str:
    """The message as Markdown; ``names`` are people's by their Slack ids. Code keeps its characters."""
    held = text.replace("\0", "").encode("utf-8", "replace").decode()
    parts = _CODE.split(held)
    return "".join(_code(part) if place % 2 else _prose(part, names) for place, part in enumerate(parts)).strip()


def _code(part: str) -> str:
    if not part.startswith("```"):
        return _unescaped(part)
    return f"\n```\n{_unescaped(part[3:-3]).strip(chr(10))}\n```\n"


def _prose(part: str, names: Mapping[str, str]) -> str:
    pieces: list[str] = []
    at = 0
    for found in _ANGLE.finditer(part):
        pieces += [_styled(part[at : found.start()]), _reference(found[1], names)]
        at = found.end()
    return "".join([*pieces, _styled(part[at:])])


def _styled(part: str) -> str:
    styled = _STRIKE.sub(r"~~\1~~", _BOLD.sub(r"**\1**", part))
    return _shown(styled).replace("\n", _HARD_BREAK)


def _reference(inner: str, names: Mapping[str, str]) -> str:
    target, _, label = inner.partition("|")
    kind, rest = target[:1], target[1:]
    if kind == "@":
        return "@" + _label(names.get(rest) or label or rest)
    if kind == "#":
        return "#" + _label(label or rest)
    if kind == "!":
        command, _, _ = rest.partition("^")
        said = label or command
        return _label(said) if command == "date" else "@" + _label(said.lstrip("@"))
    target = _unescaped(target)
    if not _SAFE.fullmatch(target):
        return _shown(f"<{inner}>")
    address = target.replace("(", "%28").replace(")", "%29")
    return f"[{_label(label)}]({address})" if label and label != target else f"<{target}>"


def _label(words: str) -> str:
    return re.sub(r"([\[\]])", r"\\\1", _shown(" ".join(words.split())))


def _unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _shown(text: str) -> str:
    """Entities as their characters; a "<" cannot begin a tag."""
    return _unescaped(text).replace("<", "\\<")
