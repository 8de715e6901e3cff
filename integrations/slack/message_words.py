"""What a message in Slack says, wherever it says it: its text, its blocks, its attachments, the names of its files.

Slack's pages: https://docs.slack.dev/reference/block-kit/blocks and
https://docs.slack.dev/messaging/formatting-message-text
"""

from collections.abc import Iterator, Mapping
from typing import Any

GONE = frozenset(
    {"tombstone", "message_deleted", "message_changed", "message_replied", "channel_join", "channel_leave"}
)
"""Subtypes of entries that are no message of anybody, or that stand where one was deleted."""
PLACEHOLDERS = frozenset({"this content can't be displayed.", "this message was deleted.", "[no preview available]"})
"""What Slack writes as the text of a message that has only blocks, or that is gone."""
DEEPEST = 8
PIECES = 2000
"""A message has at most this many pieces of text; Slack's own limits are far below."""


def is_gone(message: Mapping[str, Any]) -> bool:
    """Whether the entry only stands for a message that was deleted, hidden or changed, or says who came and left."""
    return message.get("subtype") in GONE or bool(message.get("hidden")) or bool(message.get("is_deleted"))


def words_of(message: Mapping[str, Any]) -> str:
    """In Slack's own format. The first of text, blocks, attachments and names of files that says anything."""
    text = message.get("text")
    if isinstance(text, str) and text.strip() and text.strip().casefold() not in PLACEHOLDERS:
        return text
    for pieces in (
        _blocks(message.get("blocks")),
        _attachments(message.get("attachments")),
        _files(message.get("files")),
    ):
        lines = [piece for _, piece in zip(range(PIECES), pieces, strict=False) if piece.strip()]
        if lines:
            return "\n".join(lines)
    return ""


def _dicts(listed: Any) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


# Blocks


def _blocks(listed: Any, depth: int = 0) -> Iterator[str]:
    for block in _dicts(listed) if depth < DEEPEST else ():
        match block.get("type"):
            case "rich_text":
                yield from _rich(block.get("elements"))
            case "header":
                words = _text_object(block.get("text"))
                yield f"*{words}*" if words else ""
            case "context":
                yield " ".join(filter(None, (_element(one) for one in _dicts(block.get("elements")))))
            case "image" | "video":
                yield from (_text_object(block.get("title")) or _escaped(_string(block.get("alt_text"))),)
            case "table":
                yield from _table(block.get("rows"))
            case "markdown":
                yield _escaped(_string(block.get("text")))
            case "divider" | "actions":
                pass
            case _:
                yield from (_text_object(block.get(name)) for name in ("text", "title", "subtitle", "body", "label"))
                yield from map(_text_object, _dicts(block.get("fields")))
                yield from _blocks(block.get("elements"), depth + 1)


def _element(element: Mapping[str, Any]) -> str:
    """Of a context: text, or a picture with its description."""
    return _text_object(element) or _escaped(_string(element.get("alt_text")))


def _text_object(given: Any) -> str:
    """Text as ``mrkdwn``; plain text is escaped, since Slack escapes it in no block."""
    if isinstance(given, str):
        return _escaped(given)
    if not isinstance(given, dict):
        return ""
    words = _string(given.get("text"))
    return words if given.get("type") == "mrkdwn" else _escaped(words)


def _table(rows: Any) -> Iterator[str]:
    for row in rows if isinstance(rows, list) else ():
        cells = (" ".join(_rich(cell.get("elements"))) or _text_object(cell) for cell in _dicts(row))
        yield " | ".join(cell for cell in cells if cell)


# Rich text


def _rich(listed: Any, depth: int = 0) -> Iterator[str]:
    """Its paragraphs, quotes, lists and code, one piece each."""
    for part in _dicts(listed) if depth < DEEPEST else ():
        elements = part.get("elements")
        match part.get("type"):
            case "rich_text_list":
                yield from (f"\u2022 {line}" for line in _rich(elements, depth + 1) if line)
            case "rich_text_quote":
                yield "\n".join(f"&gt; {line}" for line in _inline(elements).split("\n"))
            case "rich_text_preformatted":
                yield f"```{_inline(elements, styled=False)}```"
            case _:
                yield _inline(elements).strip("\n")


def _inline(listed: Any, *, styled: bool = True) -> str:
    return "".join(_run(one, styled=styled) for one in _dicts(listed))


def _run(run: Mapping[str, Any], *, styled: bool) -> str:
    kind = str(run.get("type"))
    if mark := _MENTIONS.get(kind):
        name = _string(run.get("range" if kind == "broadcast" else f"{kind}_id"))
        return f"<{mark}{name}>" if name else ""
    words = _escaped(_string(run.get("text")))
    match kind:
        case "emoji":
            return f":{_string(run.get('name'))}:"
        case "link":
            address = _escaped(_string(run.get("url")))
            return f"<{address}|{words}>" if words else f"<{address}>"
        case "date" | "color":
            return _escaped(_string(run.get("fallback")) or _string(run.get("value")))
    return _in_style(words, run.get("style")) if styled else words


_MENTIONS = {"user": "@", "channel": "#", "usergroup": "!subteam^", "broadcast": "!"}


def _in_style(words: str, style: Any) -> str:
    if not isinstance(style, dict) or not words.strip() or words != words.strip():
        return words
    if style.get("code"):
        return f"`{words}`"
    for name, mark in (("bold", "*"), ("italic", "_"), ("strike", "~")):
        words = f"{mark}{words}{mark}" if style.get(name) else words
    return words


# Attachments and files


def _attachments(listed: Any) -> Iterator[str]:
    for one in _dicts(listed):
        found = list(_attachment(one))
        yield from found if any(piece.strip() for piece in found) else (_string(one.get("fallback")),)


def _attachment(one: Mapping[str, Any]) -> Iterator[str]:
    yield _string(one.get("pretext"))
    title, link = _string(one.get("title")), _string(one.get("title_link"))
    yield f"<{link}|{title}>" if title and link else title
    yield _string(one.get("text"))
    for field in _dicts(one.get("fields")):
        yield ": ".join(filter(None, (_string(field.get("title")), _string(field.get("value")))))
    yield from _blocks(one.get("blocks"))
    for shared in _dicts(one.get("message_blocks")):
        inner = shared.get("message")
        yield from _blocks(inner.get("blocks")) if isinstance(inner, dict) else ()


def _files(listed: Any) -> Iterator[str]:
    for one in _dicts(listed):
        if one.get("mode") not in {"tombstone", "hidden_by_limit"}:
            yield _escaped(_string(one.get("title")) or _string(one.get("name")))
