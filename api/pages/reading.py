"""The page of one postmortem: everything that it shows, and what its reader may do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Response

from api.pages.action_items import listed
from api.pages.rendering import spoken
from api.pages.routing import Visit
from api.pages.showing import show
from api.v1 import commands
from domain import access, lifecycle
from domain.access import Verb
from domain.commands import PostmortemAction
from domain.drafts import EntryType
from domain.errors import DomainError, IllegalTransition, NotAllowed
from domain.lifecycle import Move, Status
from domain.templates import LISTS, Template, missing_sections
from models.person import Person
from models.postmortem import Comment, Postmortem
from models.queries import action_items, links, moves, people, postmortems, reviews, teams
from models.queries import comments as talk
from models.queries.action_items import ItemFilters
from models.queries.comments import Wanted
from models.queries.kept_templates import kept_content
from models.queries.pages import Ask
from models.queries.postmortems import Full, Seen, state_of
from models.queries.reviews import TargetStanding


@dataclass(frozen=True, slots=True)
class Offer:
    """A move that the reader may make. ``reasons`` are what still stands in its way, in words."""

    move: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Thread:
    opening: Comment
    answers: Sequence[Comment]


@dataclass(frozen=True, slots=True)
class Bar:
    """A timing target as a bar: how much of its time is gone, out of a hundred."""

    standing: TargetStanding
    share: int


async def show_postmortem(visit: Visit, postmortem_id: str, refusal: DomainError | None = None) -> Response:
    """``refusal`` is that of a form on this page; it is said beside it."""
    unit = visit.unit
    full = await postmortems.get_full(unit.session, unit.viewer, postmortem_id, unit.now)
    row, seen = full.postmortem, seen_of(full)
    shown = (await talk.list_comments(unit.session, seen, Wanted(), Ask(200))).items
    comments = [one.comment for one in shown]
    items = await listed(visit, ItemFilters(postmortem_id=postmortem_id), Ask(200))
    named = await people.people_by_id(unit.session, [*_people_in(row), *_people_talking(comments)])
    kept = kept_content(row.template)
    texts = texts_of(row, kept)
    counts = full.counts
    known = Known(named, {one.id: one.description for one in items["items"]}, titles_of(kept))
    relations = full.relations
    writes = bool(visit.request.state.frame["may_write"])
    status = Status(row.status)
    may_edit = writes and access.may(Verb.EDIT, status, relations)
    may_manage = writes and access.may(Verb.ASK_REVIEWERS, status, relations)
    may_add_item = writes and action_items.may_add(seen)
    offers = await _offers(visit, seen, known) if writes else {}
    forms = {"item": may_add_item, "event": may_edit, "reviewer": may_manage}
    return await show(
        visit,
        "postmortem.html",
        refusal,
        full=full,
        postmortem=row,
        texts=texts,
        sections=kept.sections,
        fields=kept.fields,
        section_titles=titles_of(kept),
        missing=missing_sections(kept, texts, has_timeline=counts.has_timeline, has_items=counts.has_items),
        blank=[one for one in kept.sections if not (one.required or one.key in LISTS or texts[one.key].strip())],
        people=named,
        reviewers=[(one, state_of(one, row).value) for one in row.reviewers],
        bars=[_bar(one, row, unit.now) for one in await reviews.list_targets(unit.session, seen, unit.now)],
        teams=await teams.teams_by_id(unit.session, [one.team_id for one in row.teams]),
        linked=await links.list_linked(unit.session, seen),
        threads=threads_of(comments, titles_of(kept)),
        offers=offers,
        spots=[name for name, is_there in forms.items() if is_there]
        + [one.lower().replace("_", "-") for one in offers],
        refused=known.in_words(refusal) if refusal else [],
        steps=[one.value for one in Status],
        may_edit=may_edit,
        may_manage=may_manage,
        may_resolve=access.may(Verb.RESOLVE, status, relations),
        may_add_item=may_add_item,
        everybody=(await people.list_people(unit.session, Ask(200), active=True)).items,
        entry_types=[one.value for one in EntryType],
        **items,
    )


def texts_of(row: Postmortem, kept: Template) -> dict[str, str]:
    written = {one.name: one.body for one in row.sections}
    return {key: written.get(key, "") for key in kept.text_keys}


def titles_of(kept: Template) -> dict[str, str]:
    return {one.key: one.title for one in kept.sections}


def seen_of(full: Full) -> Seen:
    return Seen(full.postmortem, full.relations, full.visibility)


def _people_in(row: Postmortem) -> list[str | None]:
    return [
        row.author_id,
        *(one.person_id for one in row.editors),
        *(one.person_id for one in row.reviewers),
        *(one.person_id for one in row.participants),
        *(value for value in row.custom_fields.values() if isinstance(value, str) and value.startswith("user_")),
    ]


def _people_talking(comments: Sequence[Comment]) -> list[str | None]:
    return [one for comment in comments for one in (comment.author_id, comment.resolved_by_id)]


def threads_of(comments: Sequence[Comment], titles: Mapping[str, str]) -> dict[str | None, list[Thread]]:
    """By section, as they came; None holds those about the whole."""
    answers: dict[str, list[Comment]] = {}
    for one in comments:
        if one.parent_id:
            answers.setdefault(one.parent_id, []).append(one)
    threads: dict[str | None, list[Thread]] = {}
    for one in comments:
        if one.parent_id is None:
            section = one.section if one.section in titles else None
            threads.setdefault(section, []).append(Thread(one, answers.get(one.id, [])))
    return threads


def _bar(standing: TargetStanding, row: Postmortem, now: datetime) -> Bar:
    start = min(row.incident_resolved_at or row.created_at, standing.target.effective_due_at)
    end = standing.target.met_at or now
    whole = (standing.target.effective_due_at - start).total_seconds() or 1
    return Bar(standing, max(0, min(100, round(100 * (end - start).total_seconds() / whole))))


@dataclass(frozen=True, slots=True)
class Known:
    """Names for the ids in reasons."""

    people: Mapping[str, Person]
    items: Mapping[str, str]
    sections: Mapping[str, str]

    def in_words(self, refusal: DomainError) -> list[str]:
        """All of its reasons, with names in the place of ids."""
        reasons: Any = refusal.facts.get("reasons")
        if not isinstance(reasons, list):
            return [spoken(refusal)]
        return [self._said(one) for one in reasons]

    def _said(self, one: Mapping[str, Any]) -> str:
        said = str(one["message"])
        if person := self.people.get(str(one.get("personId"))):
            return said.replace(person.id, person.name)
        if item := self.items.get(str(one.get("actionItemId"))):
            return f"The action item \u201c{item}\u201d needs one owner and a due date."
        if section := self.sections.get(str(one.get("section"))):
            return f"The section \u201c{section}\u201d is not written yet."
        return f"{one['where']}: {said}" if "where" in one else said


async def _offers(visit: Visit, seen: Seen, known: Known) -> dict[str, Offer]:
    """The moves that are the reader's to make from here, by name; the rules are those that the command asks."""
    offers = {}
    for move in Move:
        try:
            access.check_move(move, Status(seen.postmortem.status), seen.relations)
            lifecycle.next_status(Status(seen.postmortem.status), move)
        except (NotAllowed, IllegalTransition):
            continue
        offers[move.value] = Offer(move.value, await _lacking(visit, seen, move, known))
    return offers


async def _lacking(visit: Visit, seen: Seen, move: Move, known: Known) -> list[str]:
    unit = visit.unit
    told = {"comment": "said in the form"}
    command = commands.postmortem_command(unit, seen.postmortem.id, PostmortemAction(move.value), told)
    try:
        await moves.check(moves.Asked(unit.session, unit.viewer, seen, command, told, unit.now))
    except DomainError as refusal:
        return known.in_words(refusal)
    return []
