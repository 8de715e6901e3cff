"""An action item in the words of a ticket, and back.

A ticket's text is the item's details and, below a line, a footer of ours that leads to the postmortem. Somebody who
edits the text there may keep the footer, change it, write below it or throw it away: it is never taken for details,
and what stands below it is.
"""

import re
from collections.abc import Callable
from datetime import date

from domain.markdown import parser

TITLE_LIMIT = 250
UNKNOWN = "person:"
"""Before the id of an owner who has no account there: not an account, and never written."""

_FOOTER = re.compile(r"Action item of a \[postmortem\]\(")
_FOOTER_BEGINS = "Action item of a "
_RULE = re.compile(r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_BLANK_START = re.compile(r"\A(?:[ \t]*\n)+")
CUT = "\u2026"
"""Where a text was cut."""
_OPENERS = re.compile(r"^ {0,3}(`{3,}|~{3,})|(<!--|<script|<pre|<style|<textarea|<\?|<!\[CDATA\[)", re.M | re.I)
_CLOSERS = {"<!--": "-->", "<?": "?>", "<![cdata[": "]]>"}
_PARSER = parser(html=True)


def title_of(description: str) -> str:
    """One line of at most ``TITLE_LIMIT`` characters."""
    line = " ".join(description.split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"


def footer_of(link: str, priority: str, due_on: date | None) -> str:
    """``due_on`` only where the tracker has no due date of its own."""
    due = f" Due {due_on.isoformat()}." if due_on else ""
    return f"Action item of a [postmortem]({link}).{due} Priority {priority}."


def body_of(details: str | None, footer: str) -> str:
    """A ticket's text. Code or raw HTML that the details leave open is closed, so that it does not swallow the
    footer."""
    return f"{_closed(details)}\n\n---\n{footer}" if details else footer


def details_in(body: str) -> str:
    """What somebody wrote in a ticket's text: all of it but our footer."""
    before, _, after = split_footer(body)
    return "\n\n".join(part for part in (before, after) if part)


def split_footer(body: str) -> tuple[str, str | None, str]:
    """What stands above our footer, the footer itself, None where there is none, and what stands below it."""
    lines = body.replace("\r\n", "\n").split("\n")
    place = next((at for at in range(len(lines) - 1, -1, -1) if _is_footer(lines, at)), None)
    if place is None:
        return trimmed("\n".join(lines)), None, ""
    rule = _rule_before(lines, place)
    before = lines[: place if rule is None else rule]
    return trimmed("\n".join(before)), lines[place].strip(), trimmed("\n".join(lines[place + 1 :]))


def _is_footer(lines: list[str], place: int) -> bool:
    """One that leads to a postmortem; or one whose link somebody changed, if our line is still above it."""
    line = lines[place].lstrip()
    if _FOOTER.match(line):
        return True
    return line.startswith(_FOOTER_BEGINS) and _rule_before(lines, place) is not None


def _rule_before(lines: list[str], place: int) -> int | None:
    above = next((at for at in range(place - 1, -1, -1) if lines[at].strip()), None)
    return above if above is not None and _RULE.fullmatch(lines[above]) else None


def trimmed(text: str) -> str:
    """``text`` without empty lines at its ends. An indented first line stays: it may be code."""
    return _BLANK_START.sub("", text).rstrip()


def shortened(body: str, limit: int, size: Callable[[str], int] = len) -> str:
    """``body`` in at most ``limit`` of what ``size`` counts. Details are cut at their end, and the footer stays."""
    if size(body) <= limit:
        return body
    above, footer, below = split_footer(body)
    details = "\n\n".join(part for part in (above, below) if part)
    if footer is None:
        return _head(details, limit, size)
    room = limit - size(f"\n\n---\n{footer}")
    return body_of(_head(details, room, size), footer)


def _head(text: str, room: int, size: Callable[[str], int]) -> str:
    """The beginning of ``text`` with a sign that it was cut, closed if it is cut within code."""
    end = min(len(text), max(room, 0))
    while end > 0:
        made = _closed(f"{text[:end].rstrip()}{CUT}")
        over = size(made) - room
        if over <= 0:
            return made
        end -= max(1, min(over, over * end // max(size(made), 1)))
    return CUT


def _closed(text: str) -> str:
    """``text``, of which no fence of code and no raw HTML is open at its end."""
    if not _OPENERS.search(text) or _stands_alone(text):
        return text
    for found in reversed(list(_OPENERS.finditer(text))):
        fence, tag = found[1], (found[2] or "").lower()
        closer = fence or _CLOSERS.get(tag, f"</{tag[1:]}>")
        if _stands_alone(made := f"{text}\n{closer}"):
            return made
    return text


def _stands_alone(text: str) -> bool:
    """Whether what is written below a text is a paragraph of its own."""
    last = _PARSER.parse(f"{text}\n\n---\nfooter")[-3:]
    return [one.type for one in last] == ["paragraph_open", "inline", "paragraph_close"] and last[0].level == 0


def owner_comment(name: str) -> str:
    """Our comment on a ticket whose owner has no account there that we know of. Pings nobody."""
    return f"The owner of this action item is {_plain(name)}, who has no linked account here."


def owner_found_comment(name: str) -> str:
    """What that comment says once it is not so any more."""
    return f"The owner of this action item is {_plain(name)}."


def text_comment(details: str) -> str:
    """Our comment on a ticket whose text we may not change, since something in it would be lost."""
    said = "Afterword left this description as it is, because its new text would remove something in it."
    return (
        f"{said} The action item now says:\n\n{details}" if details else f"{said} The action item has no details now."
    )


def _plain(name: str) -> str:
    return " ".join(name.replace("@", " ").split())
