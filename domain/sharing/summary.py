"""The public summary: what a new one starts with, and the title under which outsiders see it.

It starts with what the product document says to share: what happened, how long it lasted, that it is resolved, and what
is done about it in general terms. Whoever writes it goes on from there.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

TEXT_LIMIT = 20_000
"""Characters of a public summary."""
START_LIMIT = 4_000
"""Characters of the postmortem's own summary that a new one starts with."""
TITLE_LIMIT = 100
DEFAULT_TITLE = "Incident summary"


class SummaryState(StrEnum):
    DRAFT = "DRAFT"
    APPROVED = "APPROVED"


@dataclass(frozen=True, slots=True)
class Material:
    """What is known of the postmortem. ``measures``: its action items that aren't refused; ``done`` of them are."""

    title: str
    summary: str
    duration_minutes: int | None
    resolved_at: datetime | None
    measures: int
    done: int


def start(known: Material) -> str:
    """Markdown, to be edited."""
    parts = [
        f"# {known.title}",
        "## What happened",
        _shortened(known.summary) or "On …, some customers could not …",
        "## How long it lasted",
        f"{_duration(known.duration_minutes)} {_resolution(known.resolved_at)}",
        "## What we are doing about it",
        _measures(known.measures, known.done),
    ]
    return "\n\n".join(parts) + "\n"


def _shortened(text: str) -> str:
    """Whole paragraphs, as many as fit; the beginning of the first if that is too long."""
    text = text.strip()
    if len(text) <= START_LIMIT:
        return text
    kept = text[:START_LIMIT].rpartition("\n\n")[0]
    return kept or text[:START_LIMIT].rpartition(" ")[0] + " …"


def _duration(minutes: int | None) -> str:
    if not minutes:
        return "The incident lasted …"
    hours, rest = divmod(minutes, 60)
    parts = [_counted(count, unit) for count, unit in ((hours, "hour"), (rest, "minute")) if count]
    return f"The incident lasted {' and '.join(parts)}."


def _resolution(resolved_at: datetime | None) -> str:
    if resolved_at is None:
        return "It is resolved, and service is back to normal."
    at = resolved_at.astimezone(UTC)
    return f"It was resolved on {at:%B} {at.day}, {at.year}, at {at:%H:%M} UTC, and service is back to normal."


def _measures(total: int, done: int) -> str:
    if not total:
        return "We are working on measures to prevent this from happening again."
    begun = f"We have planned {_counted(total, 'improvement')} to prevent this from happening again."
    return f"{begun} {done} of them {'is' if done == 1 else 'are'} already in place." if done else begun


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


_HEADING = re.compile(r"\A\s*#[ \t]+(\S[^\n]*?)[ \t#]*(?:\n|\Z)")


def split_title(text: str) -> tuple[str, str]:
    """The title that a summary begins with (``# …``) and the text below it; else a title for any."""
    found = _HEADING.match(text)
    if found is None:
        return DEFAULT_TITLE, text
    return plain_line(found[1])[:300] or DEFAULT_TITLE, text[found.end() :].lstrip("\n")


def feed_title(text: str) -> str:
    """A title for a list of many: that of the summary, or else its first words."""
    title, below = split_title(text)
    if title != DEFAULT_TITLE:
        return title
    lines = (line.strip() for line in below.splitlines())
    first = plain_line(next((line for line in lines if line and not line.startswith("#")), ""))
    if len(first) > TITLE_LIMIT:
        first = first[:TITLE_LIMIT].rpartition(" ")[0] + " …"
    return first or DEFAULT_TITLE


def plain_line(markdown: str) -> str:
    """A line without the signs of emphasis, code and links."""
    without_links = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return " ".join(re.sub(r"[*`~]+|\b_+(?=\W|$)|(?<!\w)_+", "", without_links).split())
