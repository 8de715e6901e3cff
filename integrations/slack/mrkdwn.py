"""Markdown as Slack's own text format (mrkdwn): what people wrote, shown in a message.

Slack's page: https://docs.slack.dev/messaging/formatting-message-text. Only what is made here is markup: whatever else
stands in a text is escaped, so that nobody is mentioned, and no link hides where it leads.
"""

import re
from collections.abc import Iterator, Sequence

from domain.markdown import Token, parser

_PARSER = parser()
_SAFE = re.compile(r"(?:https?|mailto):[^\s<>|]+", re.I)
_EDGE = re.compile(r"(?<![^\W_])([*_~`]+)|([*_~`]+)(?![^\W_])")
_MARKS = {"strong": "*", "em": "_", "s": "~"}


def escaped(text: str) -> str:
    """Plain words as mrkdwn that shows them as they are."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _EDGE.sub(lambda found: "\u200b".join(["", *(found[1] or found[2]), ""]), safe)


def linked(label: str, url: str) -> str:
    """Words that lead to one of our own pages."""
    return f"<{url}|{escaped(' '.join(label.split())).replace('|', '/') or url}>"


def cut(text: str, limit: int) -> str:
    """Plain words of at most ``limit`` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def to_mrkdwn(markdown: str, limit: int) -> str:
    """As many whole blocks (paragraphs, list entries) of the Markdown as fit into ``limit`` characters."""
    lines: list[str] = []
    left = limit - 2
    for line in _lines(_PARSER.parse(markdown)):
        if len(line) + 1 > left:
            lines.append("…")
            break
        lines.append(line)
        left -= len(line) + 1
    return "\n".join(lines).strip()


def _lines(tokens: Sequence[Token]) -> Iterator[str]:  # noqa: PLR0912 - one arm for each kind of token
    lists: list[int | None] = []
    row: list[str] | None = None
    mark, quoted, heading = "", 0, False
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
                mark = ""
            case "list_item_open":
                number = lists[-1]
                mark = "    " * (len(lists) - 1) + ("• " if number is None else f"{number}. ")
                lists[-1] = None if number is None else number + 1
            case "blockquote_open":
                quoted += 1
            case "blockquote_close":
                quoted -= 1
            case "heading_open":
                heading = True
            case "heading_close":
                heading = False
            case "tr_open":
                row = []
            case "tr_close":
                yield "   ".join(row or [])
                row = None
            case "inline" if row is not None:
                row.append(_inline(token))
            case "inline":
                words = _inline(token)
                yield ("> " if quoted else "") + mark + (f"*{words}*" if heading and words else words)
                mark = " " * len(mark)
            case "fence" | "code_block":
                yield f"```{_code(token.content.rstrip())}```"
            case "hr":
                yield "———"


def _inline(token: Token) -> str:
    pieces: list[str] = []
    targets: list[str | None] = []
    for one in token.children or []:
        kind, _, edge = one.type.rpartition("_")
        if kind in _MARKS:
            pieces.append(f"\u200b{_MARKS[kind]}" if edge == "open" else f"{_MARKS[kind]}\u200b")
        elif one.type == "link_open":
            target = str(one.attrGet("href") or "")
            targets.append(target if _SAFE.fullmatch(target) else None)
            pieces.append(f"<{target}|" if targets[-1] else "")
        elif one.type == "link_close":
            pieces.append(">" if targets.pop() else "")
        elif one.type == "code_inline":
            pieces.append(f"`{_code(one.content)}`")
        elif one.type == "image":
            pieces.append(escaped(one.content))
        elif one.type in {"softbreak", "hardbreak"}:
            pieces.append(" " if one.type == "softbreak" else "\n")
        else:
            words = escaped(one.content)
            pieces.append(words.replace("|", "/") if targets and targets[-1] else words)
    return "".join(pieces)


def _code(text: str) -> str:
    """Code keeps its characters, but cannot end itself."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("`", "\u02cb")
