"""What a document says, in which order and in which words, as one tree of blocks: PDF, Word, HTML, and Markdown only
write it down.

Headings of the first level are the sections. Times are UTC.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from domain.access import Visibility
from domain.content.custom_fields import FieldType
from domain.content.templates import ACTION_ITEMS, TIMELINE
from domain.documents.document import Document, DocumentComment, DocumentEvent, DocumentItem
from domain.timeline.moments import Precision
from integrations.documents.texts import line, printable, read
from integrations.text.blocks import (
    PLAIN,
    Block,
    Blocks,
    Heading,
    Mark,
    Paragraph,
    Quote,
    Run,
    Runs,
    Table,
)

STRONG = frozenset({Mark.STRONG})
QUIET = frozenset({Mark.EM})
NOTHING = Paragraph((Run("Not written yet.", QUIET),))
MARKS = {
    Visibility.PRIVATE: "Private: do not forward",
    Visibility.TEAM: "Visible to the team",
    Visibility.ORGANIZATION: "Visible to the organization",
}
METRICS = {
    "affectedUsers": "Affected users",
    "failedTransactions": "Failed transactions",
    "revenueImpact": "Revenue impact",
    "slaBreach": "SLA breach",
    "supportTickets": "Support tickets",
}
_WORDS = {
    "WONT_DO": "Won't do",
    "CHANGES_REQUESTED": "requested changes",
    "STALE": "approved an earlier version",
}


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    runs: Runs


@dataclass(frozen=True, slots=True)
class Layout:
    """``mark`` says who may read it; ``made`` when it was exported."""

    number: str
    title: str
    status: str
    mark: str
    url: str
    facts: tuple[Fact, ...]
    blocks: Blocks
    made: str


def lay_out(document: Document) -> Layout:
    return _Layout(document).whole()


class _Layout:
    def __init__(self, document: Document) -> None:
        self._of = document
        self._names = {one.id: printable(one.name) for one in document.people}

    def whole(self) -> Layout:
        document = self._of
        return Layout(
            number=f"#{document.number}",
            title=" ".join(printable(document.title).split()) or f"Postmortem {document.number}",
            status=words(document.status),
            mark=MARKS[document.visibility],
            url=document.url,
            facts=tuple(Fact(label, runs) for label, runs in self._facts() if runs),
            blocks=tuple(self._blocks()),
            made=f"Exported from Afterword on {instant(document.exported_at)}",
        )

    # Facts

    def _facts(self) -> Iterator[tuple[str, Runs]]:
        document = self._of
        yield "Status", line(words(document.status))
        yield "Visibility", line(words(document.visibility))
        yield "Author", self._people([document.author_id])
        yield "Editors", self._people(one.user_id for one in document.editors)
        yield (
            "Reviewers",
            line(", ".join(f"{self._name(one.user_id)} ({state(one.state)})" for one in document.reviewers)),
        )
        yield "Participants", self._people(document.participants)
        yield "Teams", line(", ".join(one.name for one in document.teams))
        yield "Services", line(", ".join(one.name for one in document.services))
        incidents = (f"{one.title} ({one.source} {one.external_id})" for one in document.incidents)
        yield "Incidents", line("; ".join(incidents))
        yield "Tags", line(", ".join(document.tags))
        yield "Root cause category", line(document.root_cause_category or "")
        yield "Duration", line(f"{document.duration_minutes} minutes" if document.duration_minutes is not None else "")
        for name, label in METRICS.items():
            yield label, line(_metric(document.impact_metrics.get(name)))
        for field in document.custom_fields:
            yield printable(field.label), self._value(field.type, field.value)
        for label, at in (
            ("Incident resolved", document.incident_resolved_at),
            ("Created", document.created_at),
            ("Submitted", document.submitted_at),
            ("Published", document.published_at),
            ("Archived", document.archived_at),
        ):
            yield label, line(instant(at) if at else "")

    def _people(self, ids: Iterable[str | None]) -> Runs:
        return line(", ".join(self._name(one) for one in ids if one))

    def _name(self, person_id: str | None) -> str:
        return self._names.get(person_id or "", "someone who left")

    def _value(self, kind: FieldType, value: Any) -> Runs:
        if value is None:
            return ()
        if kind is FieldType.PERSON:
            return line(self._name(str(value)))
        if kind is FieldType.YES_NO:
            return line("Yes" if value else "No")
        if kind is FieldType.DATE:
            return line(day(date.fromisoformat(str(value))))
        return line(_number(value) if kind is FieldType.NUMBER else str(value), self._of.links)

    # Sections

    def _blocks(self) -> Iterator[Block]:
        for section in self._of.sections:
            inner: Iterable[Block]
            if section.key == TIMELINE:
                inner = self._timeline()
            elif section.key == ACTION_ITEMS:
                inner = self._items()
            else:
                inner = read(section.text or "", self._of.links, beneath=1)
            blocks = tuple(inner) or ((NOTHING,) if section.required else ())
            if blocks:
                yield Heading(1, line(section.title) or line(section.key))
                yield from blocks
        if self._of.comments:
            yield Heading(1, line("Comments"))
            yield from self._comments(self._of.comments)

    def _timeline(self) -> Iterator[Block]:
        if not self._of.timeline:
            return
        heads = _row("Time (UTC)", "Event", "Type", "Who")
        yield Table((heads, *map(self._event_row, self._of.timeline)))

    def _event_row(self, one: DocumentEvent) -> tuple[Runs, ...]:
        return line(moment(one)), line(one.event, self._of.links), line(words(one.type)), line(one.actor or "")

    def _items(self) -> Iterator[Block]:
        if not self._of.action_items:
            return
        heads = _row("Action item", "Owner", "Due", "Priority", "Status", "Tickets")
        yield Table((heads, *map(self._item_row, self._of.action_items)))
        for one in self._of.action_items:
            details = read(one.details or "", self._of.links, beneath=2)
            if details or one.justification:
                yield Heading(2, line(one.description) or line("Action item"))
                yield from details
            if one.justification:
                reason = line(one.justification, self._of.links)
                yield Paragraph((Run("Won't be done: ", STRONG), *reason))

    def _item_row(self, one: DocumentItem) -> tuple[Runs, ...]:
        return (
            line(one.description, self._of.links),
            line(self._name(one.owner_id) if one.owner_id else "No owner"),
            line(day(one.due_date) if one.due_date else "No date"),
            line(words(one.priority)),
            line(words(one.status) + (", overdue" if one.overdue else "")),
            tuple(_tickets(one)),
        )

    # Comments

    def _comments(self, comments: tuple[DocumentComment, ...]) -> Iterator[Block]:
        titles = {one.key: one.title for one in self._of.sections}
        answers: dict[str, list[DocumentComment]] = {}
        threads: dict[str | None, list[DocumentComment]] = {}
        for one in comments:
            if one.parent_id:
                answers.setdefault(one.parent_id, []).append(one)
            else:
                threads.setdefault(one.section if one.section in titles else None, []).append(one)
        for key in (*titles, None):
            if key not in threads:
                continue
            yield Heading(2, line(titles[key]) if key else line("The whole postmortem"))
            for thread in threads[key]:
                yield from self._comment(thread)
                said = [block for one in answers.get(thread.id, ()) for block in self._comment(one)]
                if said:
                    yield Quote(tuple(said))

    def _comment(self, one: DocumentComment) -> Iterator[Block]:
        resolved = f", resolved by {self._name(one.resolved_by_id)}" if one.resolved_at else ""
        asks = ", requested changes" if one.kind == "CHANGE_REQUEST" else ""
        when = f", {instant(one.created_at)}{asks}{resolved}"
        yield Paragraph((Run(self._name(one.author_id) or "Someone", STRONG), Run(when)))
        items = [item.description for item in self._of.action_items if item.id == one.action_item_id]
        subject = one.quote or ("" if one.parent_id else "".join(items))
        if quote := line(subject):
            yield Paragraph((Run("About: ", QUIET), *(Run(run.text, QUIET, run.href) for run in quote)))
        yield from read(one.body, self._of.links, beneath=2)


def _row(*titles: str) -> tuple[Runs, ...]:
    return tuple((Run(one),) for one in titles)


def _tickets(item: DocumentItem) -> Iterator[Run]:
    for place, one in enumerate(item.tickets):
        if place:
            yield Run(", ")
        name = printable(one.key or one.url or one.tracker)
        href = one.url if (one.url or "").startswith(("https://", "http://")) else None
        yield Run(name, PLAIN, href)
        if one.status:
            yield Run(f" ({printable(one.status)})")


def _metric(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{Decimal(str(value['amount'])):,} {value['currency']}"
    return "" if value is None else _number(value) if isinstance(value, int | float) else str(value)


# Words


def words(code: str) -> str:
    """``IN_REVIEW`` as people read it."""
    return _WORDS.get(code) or code.replace("_", " ").capitalize()


def state(code: str) -> str:
    """As :func:`words`, within a sentence."""
    return words(code).lower()


def instant(at: datetime) -> str:
    return f"{day(at.date())}, {at.hour % 12 or 12}:{at:%M} {'PM' if at.hour >= 12 else 'AM'} UTC"


def day(at: date) -> str:
    return f"{at:%b} {at.day}, {at.year}"


def moment(event: DocumentEvent) -> str:
    """With question marks for digits that are not known."""
    at = event.at
    if event.precision is Precision.DAY:
        return f"{at:%Y-%m-%d}, time unknown"
    if event.precision is Precision.HOUR:
        return f"{at:%Y-%m-%d} ~{at:%H:%M}" if at.minute else f"{at:%Y-%m-%d %H}:??"
    if event.precision is Precision.TEN_MINUTES:
        return f"{at:%Y-%m-%d} ~{at:%H:%M}" if at.minute % 10 else f"{at:%Y-%m-%d %H}:{at.minute // 10}?"
    return f"{at:%Y-%m-%d %H:%M:%S}" if event.precision is Precision.SECOND else f"{at:%Y-%m-%d %H:%M}"


def _number(value: float) -> str:
    return f"{value:,}"
