"""The page of one postmortem: everything that it shows, and what its reader may do next."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Response

from api.pages.action_items import listed
from api.pages.comments.threads import as_read, list_shown, people_talking, said, threads_of
from api.pages.rendering import spoken
from api.pages.routing import Visit
from api.pages.showing import show
from api.v1 import commands
from api.v1.style import AdviceOut, list_advice
from domain import access
from domain.access import EditorLevel, Verb
from domain.action_items.action_item import ActionItemStatus, LinkState, is_overdue
from domain.content.templates import LISTS, Template, missing_sections
from domain.errors import DomainError, IllegalTransition, NotAllowed
from domain.people.absence import Absence
from domain.postmortems import lifecycle
from domain.postmortems.commands import PostmortemAction
from domain.postmortems.first_draft import EntryType
from domain.postmortems.lifecycle import Move, Status
from integrations import registry
from models.action_item import ActionItem
from models.person import Person
from models.postmortem import Postmortem
from models.queries import action_items
from models.queries.action_items import ItemFilters
from models.queries.connections import connections
from models.queries.content.kept_templates import kept_content
from models.queries.incidents import links
from models.queries.pagination import Ask
from models.queries.people import people, teams
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import Full, VisiblePostmortem, state_of
from models.queries.review import commands as moves
from models.queries.review import reviews
from models.queries.review.reviews import TargetStanding
from models.queries.search import similar
from models.queries.tickets import batches


@dataclass(frozen=True, slots=True)
class Offer:
    """A move that the reader may make. ``reasons`` are what still stands in its way, in words."""

    move: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reviewing:
    """``absence`` says that they left or are away."""

    person_id: str
    state: str
    absence: Absence | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A timing target as a bar: how much of its time is gone, out of a hundred."""

    standing: TargetStanding
    share: int


async def show_postmortem(visit: Visit, postmortem_id: str, refusal: DomainError | None = None) -> Response:
    """``refusal`` is that of a form on this page; it is said beside it."""
    context = visit.context
    alike = await similar.list_similar(context.session, context.viewer, postmortem_id, 3)
    advice = await _advice(visit, postmortem_id)
    full = await postmortems.get_full(context.session, context.viewer, postmortem_id, context.now)
    row, seen = full.postmortem, seen_of(full)
    shown = await list_shown(visit, seen)
    items = await listed(visit, ItemFilters(postmortem_id=postmortem_id), Ask(200))
    promised = [item.owner_id for one in alike for item in one.open_items]
    named = await people.people_by_id(context.session, [*_people_in(row), *people_talking(shown), *promised])
    kept = kept_content(row.template)
    texts = texts_of(row, kept)
    counts = full.counts
    known = Known(named, {one.id: one.description for one in items["items"]}, titles_of(kept))
    relations = full.relations
    writes = bool(visit.request.state.frame["may_write"])
    status = Status(row.status)
    may_edit = writes and access.may(Verb.EDIT, status, relations)
    may_manage = writes and access.may(Verb.ASK_REVIEWERS, status, relations)
    may_name_editors = writes and access.may(Verb.MANAGE, status, relations)
    may_add_item = writes and action_items.may_add(seen)
    offers = await _offers(visit, seen, known) if writes else {}
    trackers = {one.id: one.name for one in await connections.find_by_kind(context.session, registry.tracker_kinds())}
    may_ticket = writes and batches.may_ask(seen) and _lacks_tickets(items["items"], trackers.keys())
    forms = {
        "item": may_add_item,
        "tickets": may_ticket,
        "event": may_edit,
        "reviewer": may_manage,
        "editor": may_name_editors,
    }
    away = await people.find_absences(context.session, [one.person_id for one in row.reviewers], context.now)
    return await show(
        visit,
        "postmortems/postmortem.html",
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
        reviewers=[
            Reviewing(one.person_id, state_of(one, row).value, away.get(one.person_id)) for one in row.reviewers
        ],
        bars=[_bar(one, row, context.now) for one in await reviews.list_targets(context.session, seen, context.now)],
        teams=await teams.teams_by_id(context.session, [one.team_id for one in row.teams]),
        linked=await links.list_linked(context.session, seen),
        threads=threads_of(shown, titles_of(kept), texts),
        read_as=as_read(texts, shown),
        revisions={one.name: one.revision for one in row.sections},
        said_as=said(shown, named),
        similar=alike,
        is_overdue=_is_overdue(context.now),
        advice=advice,
        levels=[one.value for one in EditorLevel],
        all_teams=(await teams.list_teams(context.session, Ask(200))).items if may_manage or may_name_editors else [],
        offers=offers,
        spots=[name for name, is_there in forms.items() if is_there]
        + [one.lower().replace("_", "-") for one in offers],
        refused=known.in_words(refusal) if refusal else [],
        steps=[one.value for one in Status],
        may_edit=may_edit,
        may_manage=may_manage,
        may_name_editors=may_name_editors,
        may_leave=writes and access.may(Verb.LEAVE, status, relations),
        may_resolve=access.may(Verb.RESOLVE, status, relations),
        may_add_item=may_add_item,
        may_ticket=may_ticket,
        trackers=trackers,
        batches=await batches.list_progress(context.session, postmortem_id),
        everybody=(await people.list_people(context.session, Ask(200), active=True)).items,
        entry_types=[one.value for one in EntryType],
        **items,
    )


def _lacks_tickets(items: Sequence[ActionItem], trackers: Collection[str]) -> bool:
    """Whether some open item has no ticket in one of these connections, nor one on its way."""
    for item in items:
        there = {one.integration_id for one in item.tickets if one.external_id or one.link_state != LinkState.REFUSED}
        if not ActionItemStatus(item.status).is_settled and not there.issuperset(trackers):
            return True
    return False


def texts_of(row: Postmortem, kept: Template) -> dict[str, str]:
    written = {one.name: one.body for one in row.sections}
    return {key: written.get(key, "") for key in kept.text_keys}


def titles_of(kept: Template) -> dict[str, str]:
    return {one.key: one.title for one in kept.sections}


def seen_of(full: Full) -> VisiblePostmortem:
    return VisiblePostmortem(full.postmortem, full.relations, full.visibility)


async def _advice(visit: Visit, postmortem_id: str) -> AdviceOut | None:
    """For those who may act on it."""
    context = visit.context
    seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    may_edit = access.may(Verb.EDIT, Status(seen.postmortem.status), seen.relations)
    is_writing = visit.request.state.frame["may_write"] and may_edit
    return await list_advice(context, postmortem_id) if is_writing else None


def _is_overdue(now: datetime) -> Callable[[ActionItem], bool]:
    return lambda item: is_overdue(ActionItemStatus(item.status), item.due_on, now)


def _people_in(row: Postmortem) -> list[str | None]:
    return [
        row.author_id,
        *(one.person_id for one in row.editors),
        *(one.person_id for one in row.reviewers),
        *(one.person_id for one in row.participants),
        *(value for value in row.custom_fields.values() if isinstance(value, str) and value.startswith("user_")),
    ]


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


async def _offers(visit: Visit, seen: VisiblePostmortem, known: Known) -> dict[str, Offer]:
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


async def _lacking(visit: Visit, seen: VisiblePostmortem, move: Move, known: Known) -> list[str]:
    context = visit.context
    told = {"comment": "said in the form"}
    command = commands.postmortem_command(context, seen.postmortem.id, PostmortemAction(move.value), told)
    try:
        await moves.check(moves.Asked(context.session, context.viewer, seen, command, told, context.now))
    except DomainError as refusal:
        return known.in_words(refusal)
    return []
