"""What a change is called in a stream of events: ids only, never a text."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """``REFRESH``: something may have been missed, so everything that is shown should be read again. ``END``: the
    session ended. The last two never leave the server: whose rights changed, and which session or token was revoked."""

    POSTMORTEM = "postmortem"
    SECTION = "section"
    TIMELINE = "timeline"
    COMMENT = "comment"
    REVIEW = "review"
    ACTION_ITEM = "action_item"
    MEETING = "meeting"
    INBOX = "inbox"
    PRESENCE = "presence"
    REFRESH = "refresh"
    END = "end"
    RIGHTS = "rights"


@dataclass(frozen=True, slots=True)
class Change:
    """``id`` is the section's key, the person for ``INBOX``, else what changed. Without a postmortem it concerns one
    person or everybody."""

    kind: Kind
    id: str
    postmortem_id: str | None = None


_COLUMNS = frozenset(
    {
        "title",
        "visibility",
        "team_ids",
        "service_ids",
        "author_id",
        "tags",
        "impact_metrics",
        "custom_fields",
        "root_cause_category",
        "incident_id",
        "template_id",
    }
)
"""What else than sections an edit may name."""
_BY_AREA = {
    "action_item": Kind.ACTION_ITEM,
    "advice": Kind.POSTMORTEM,
    "attachment": Kind.POSTMORTEM,
    "comment": Kind.COMMENT,
    "editor": Kind.POSTMORTEM,
    "incident": Kind.POSTMORTEM,
    "meeting": Kind.MEETING,
    "participants": Kind.POSTMORTEM,
    "postmortem": Kind.POSTMORTEM,
    "reviewers": Kind.REVIEW,
    "target": Kind.POSTMORTEM,
    "ticket": Kind.ACTION_ITEM,
    "timeline": Kind.TIMELINE,
}
"""By the first word of what the audit log calls it. What is missing, such as a link for outsiders, concerns fewer
people than may see the postmortem, or nobody's page."""
_REVIEWS = frozenset({"postmortem.approved", "postmortem.changes_requested", "postmortem.submitted"})
_UNSEEN = frozenset({"postmortem.read", "postmortem.exported"})
_RIGHTS = frozenset({"token", "user"})


def changes_of(
    action: str, kind: str, entity_id: str, postmortem_id: str | None, after: Mapping[str, Any] | None
) -> Iterator[Change]:
    """What an entry of the audit log means for open pages."""
    if kind in _RIGHTS:
        yield Change(Kind.RIGHTS, entity_id)
        return
    shown = _BY_AREA.get(action.partition(".")[0])
    if shown is None or postmortem_id is None or action in _UNSEEN:
        return
    if action in {"postmortem.updated", "postmortem.section_restored"}:
        sections = [name for name in after or () if name not in _COLUMNS]
        yield from (Change(Kind.SECTION, name, postmortem_id) for name in sections)
        if sections and len(sections) == len(after or ()):
            return
    if shown is Kind.COMMENT:
        yield Change(shown, str((after or {}).get("commentId", entity_id)), postmortem_id)
    elif shown is Kind.TIMELINE:
        yield Change(shown, postmortem_id, postmortem_id)
    elif action in _REVIEWS:
        yield Change(Kind.REVIEW, entity_id, postmortem_id)
    else:
        yield Change(shown, entity_id, postmortem_id)


@dataclass(frozen=True, slots=True)
class Beacon:
    """Somebody's page says that it is open: ``section`` is where they write. ``is_gone``: it was closed."""

    postmortem_id: str
    person_id: str
    page: str
    """One of the pages that the person has open."""
    section: str | None = None
    is_gone: bool = False


Told = Change | Beacon
MOST_BYTES = 7_000
"""Of one notification; PostgreSQL takes 8,000."""


def packed(told: Sequence[Told], sender: str, first: int) -> list[str]:
    """As JSON texts that are short enough for a notification. Each has an id of its own, so that its place in the order
    of all is known to whoever got it."""
    texts: list[str] = []
    rows: list[str] = []
    size = 0
    for one in told:
        row = json.dumps(_row(one), separators=(",", ":"))
        if rows and size + len(row) > MOST_BYTES:
            texts.append(_text(sender, first + len(texts), rows))
            rows, size = [], 0
        rows.append(row)
        size += len(row) + 1
    return [*texts, _text(sender, first + len(texts), rows)]


def _text(sender: str, number: int, rows: Iterable[str]) -> str:
    return f'["{sender}-{number}",{",".join(rows)}]' if rows else f'["{sender}-{number}"]'


def _row(one: Told) -> list[Any]:
    if isinstance(one, Beacon):
        return ["here", one.postmortem_id, one.person_id, one.page, one.section, one.is_gone]
    return [one.kind.value, one.id, one.postmortem_id]


def unpacked(text: str) -> tuple[str, list[Told]]:
    """The id and what was told. Raises ValueError for what no process of this version sends."""
    place, *rows = json.loads(text)
    try:
        return str(place), [Beacon(*row[1:]) if row[0] == "here" else Change(Kind(row[0]), *row[1:]) for row in rows]
    except (TypeError, IndexError) as error:
        raise ValueError(str(error)) from error
