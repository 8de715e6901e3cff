"""The panel of a postmortem's next step: what blocks it, and who may mend that where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.pages.comments.threads import Thread
from api.pages.postmortems.reasons import ReasonNames
from application.review.troubleshooting import PublicationChecks
from domain import access
from domain.access import Relation, Verb
from domain.people.absence import Absence
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import BETWEEN_REMINDERS, ReviewerState, may_remind_again
from models.person import Person
from models.postmortem import PostmortemReviewer
from models.queries.action_items_listed import ListedItem
from models.queries.postmortems.postmortems import VisiblePostmortem, state_of_reviewer

WHO_PUBLISHES = "Only the author and administrators can. Ask one of them to publish it."
WHO_SUBMITS = "The author or an editor submits it for review."


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    """``absence`` is set if they left or are away. ``remind_at`` is when they may be reminded again, if not now."""

    person_id: str
    state: ReviewerState
    absence: Absence | None
    waived_by_id: str | None = None
    waived_reason: str | None = None
    remind_at: datetime | None = None

    @property
    def has_left(self) -> bool:
        return self.absence is not None and self.absence.left


@dataclass(frozen=True, slots=True)
class Rights:
    """What the reader may do about what blocks the next step."""

    edit: bool
    ask_reviewers: bool
    remind: bool
    waive: bool
    waive_last: bool
    change_items: bool

    @classmethod
    def of(cls, visible: VisiblePostmortem, *, writes: bool) -> "Rights":
        status, held = Status(visible.postmortem.status), visible.relations
        asks = writes and access.may(Verb.ASK_REVIEWERS, status, held)
        return cls(
            edit=writes and access.may(Verb.EDIT, status, held),
            ask_reviewers=asks,
            remind=asks and status is Status.IN_REVIEW,
            waive=writes and access.may(Verb.WAIVE_REVIEW, status, held),
            waive_last=Relation.ADMIN in held,
            change_items=writes and access.may(Verb.CHANGE_ITEM, status, held),
        )


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason against the next step. ``place`` is where it is mended; the others are what can be mended here."""

    words: str
    place: str | None = None
    section: str | None = None
    asks_reviewer: bool = False
    reviewer: ReviewerRow | None = None
    may_waive: bool = False
    item: ListedItem | None = None
    threads: Sequence[Thread] = ()


@dataclass(frozen=True, slots=True)
class PanelCheck:
    """``is_next``: the next step waits for it, not only a later one."""

    name: str
    passed: bool
    is_next: bool
    blockers: Sequence[Blocker] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """``requests`` are open threads that request changes."""

    checks: Sequence[PanelCheck]
    requests: Sequence[Thread]
    rights: Rights

    @property
    def next_ones(self) -> list[PanelCheck]:
        return [one for one in self.checks if one.is_next]

    @property
    def later_ones(self) -> list[PanelCheck]:
        return [one for one in self.checks if not one.is_next]

    @property
    def is_ready(self) -> bool:
        return all(one.passed for one in self.next_ones)


def reviewer_rows(visible: VisiblePostmortem, away: Mapping[str, Absence], now: datetime) -> list[ReviewerRow]:
    return [_row(one, visible, away.get(one.person_id), now) for one in visible.postmortem.reviewers]


def _row(one: PostmortemReviewer, visible: VisiblePostmortem, absence: Absence | None, now: datetime) -> ReviewerRow:
    again = one.reminded_at + BETWEEN_REMINDERS if one.reminded_at else None
    return ReviewerRow(
        one.person_id,
        state_of_reviewer(one, visible.postmortem),
        absence,
        one.waived_by_id,
        one.waived_reason,
        None if may_remind_again(one.reminded_at, now) else again,
    )


@dataclass(frozen=True, slots=True)
class PanelFacts:
    """What the page has read already."""

    visible: VisiblePostmortem
    checks: PublicationChecks | None
    reviewers: Sequence[ReviewerRow]
    items: Sequence[ListedItem]
    threads: Mapping[str | None, Sequence[Thread]]
    people: Mapping[str, Person]
    names: ReasonNames


def panel_of(facts: PanelFacts, rights: Rights) -> Panel:
    open_ones = [
        one
        for of_section in facts.threads.values()
        for one in of_section
        if one.opening.resolved_at is None and Status(facts.visible.postmortem.status) in BEFORE
    ]
    requests = [one for one in open_ones if one.asks_for_changes]
    return Panel(list(_checks(facts, rights, open_ones)), requests, rights)


BEFORE = frozenset({Status.DRAFT, Status.IN_REVIEW})


def _checks(facts: PanelFacts, rights: Rights, open_ones: Sequence[Thread]) -> Iterator[PanelCheck]:
    if facts.checks is None:
        return
    in_review = facts.checks.is_in_review
    for one in facts.checks.checks:
        blockers = [_blocker(reason, facts, rights, open_ones) for reason in one.reasons]
        yield PanelCheck(one.name, not blockers, in_review or one.blocks_review, blockers)
    yield PanelCheck("It is in review", in_review, False, [] if in_review else [Blocker(WHO_SUBMITS)])
    may_publish = facts.checks.may_publish
    yield PanelCheck("You can publish it", may_publish, False, [] if may_publish else [Blocker(WHO_PUBLISHES)])


def _blocker(reason: Any, facts: PanelFacts, rights: Rights, open_ones: Sequence[Thread]) -> Blocker:
    words, code = facts.names.sentence(reason), reason["code"]
    match code:
        case "SectionMissing":
            return Blocker(words, f"#{reason['section']}", section=reason["section"])
        case "FieldMissing":
            return Blocker(words, "#fields")
        case "NoReviewer" | "ReviewersMissing":
            return Blocker(words, "#reviewers", asks_reviewer=True)
        case "ReviewOutstanding":
            row = next(one for one in facts.reviewers if one.person_id == reason["personId"])
            return Blocker(words, reviewer=row, may_waive=rights.waive and _may_be_waived(row, facts, rights))
        case "ActionItemIncomplete":
            item = next((one for one in facts.items if one.id == reason["actionItemId"]), None)
            return Blocker(words, f"/action-items/{reason['actionItemId']}", item=item)
        case _:
            return Blocker(words, threads=open_ones)


def _may_be_waived(row: ReviewerRow, facts: PanelFacts, rights: Rights) -> bool:
    others = [one for one in facts.reviewers if one.person_id != row.person_id]
    return rights.waive_last or any(one.state is not ReviewerState.WAIVED for one in others)
