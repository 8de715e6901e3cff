"""An action item in the words of a ticket, and back.

A ticket's text is the item's details and, below a line, a footer of ours that leads to the postmortem. Somebody who
edits the text there may keep the footer, change it or throw it away: it is never taken for details.
"""

import re
from datetime import date

from domain.content import visible_text

TITLE_LIMIT = 250
_FOOTER = re.compile(r"\s*(?:^[ \t]*(?:-[ \t]*){3,}$|^[ \t]*(?:\*[ \t]*){3,}$)?\s*^Action item of a .*\Z", re.M | re.S)
UNKNOWN = "person:"
"""Before the id of an owner who has no account there: not an account, and never written."""


def title_of(description: str) -> str:
    """One line of at most ``TITLE_LIMIT`` characters."""
    line = " ".join(description.split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"


def footer_of(link: str, priority: str, due_on: date | None) -> str:
    """``due_on`` only where the tracker has no due date of its own."""
    due = f" Due {due_on.isoformat()}." if due_on else ""
    return f"Action item of a [postmortem]({link}).{due} Priority {priority}."


def body_of(details: str | None, footer: str) -> str:
    return f"{details}\n\n---\n{footer}" if details else footer


def details_in(body: str) -> str:
    """What somebody wrote in a ticket's text: all of it but our footer."""
    return _FOOTER.sub("", body.replace("\r\n", "\n")).strip()


def reads_alike(one: str, other: str) -> bool:
    """Whether a reader sees the same letters: what a vendor's own rich text leaves of a Markdown text."""
    return one == other or visible_text.read(one).letters == visible_text.read(other).letters


def owner_comment(name: str) -> str:
    """Our comment on a ticket whose owner has no account there that we know of. Pings nobody."""
    return f"The owner of this action item is {_plain(name)}, who has no linked account here."


def owner_found_comment(name: str) -> str:
    """What that comment says once it is not so any more."""
    return f"The owner of this action item is {_plain(name)}."


def _plain(name: str) -> str:
    return " ".join(name.replace("@", " ").split())
