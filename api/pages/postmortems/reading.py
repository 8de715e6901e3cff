"""The page of one postmortem: everything that it shows, and what its reader may do next."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Response

from api.pages.comments import threads
from api.pages.postmortems import panel
from api.pages.postmortems.fields import texts_of
from api.pages.postmortems.opened import Opened, opened_by, read_opened
from api.pages.postmortems.reasons import ReasonNames
from api.pages.postmortems.transitions import list_transitions, possible_moves
from api.pages.routing import Visit
from api.pages.showing import show
from api.pages.timeline.picture import Mark, Picture, draw
from application import style
from application.action_items.items import may_add
from application.content.autosaving import list_drafts
from application.escalation.targets import TargetProgress, list_target_progress
from application.meetings.shown import list_recent
from application.postmortems import participants
from application.review.preview import preview_publication
from application.review.troubleshooting import publication_checks, read_publication_facts
from application.tickets import batches
from domain import access
from domain.access import EditorLevel, Verb
from domain.action_items.action_item import ActionItemStatus, LinkState
from domain.content.templates import LISTS, Template, missing_sections
from domain.documents.formats import Format
from domain.errors import DomainError
from domain.incidents.phases import phases_of
from domain.incidents.state import IncidentState
from domain.postmortems.first_draft import EntryType
from domain.postmortems.lifecycle import Status, Transition
from integrations import registry
from models.incident import Incident
from models.postmortem import Postmortem
from models.queries.action_items_filtered import ItemFilters
from models.queries.action_items_listed import ListedItem, list_items
from models.queries.connections import connections
from models.queries.content.templates import template_of
from models.queries.incidents import links
from models.queries.pagination import Ask
from models.queries.people import choices, people, teams
from models.queries.postmortems import postmortems
from models.queries.postmortems.belongings import find_belongings
from models.queries.postmortems.postmortems import FullPostmortem, VisiblePostmortem
from models.queries.prebuilt import keep_plans
from models.queries.review.reviews import find_last_review

BEFORE_PUBLICATION = frozenset({Status.DRAFT, Status.IN_REVIEW})
EXPORT_FORMATS = tuple((one.value, one.label) for one in Format)


@dataclass(frozen=True, slots=True)
class TargetBar:
    """A timing target as a bar: ``share`` is the percentage of its time that has passed."""

    standing: TargetProgress
    share: int


async def show_postmortem(
    visit: Visit, postmortem_id: str, refusal: DomainError | None = None, *, opened: Opened | None = None
) -> Response:
    """``refusal`` is that of a form on this page, which shows it; ``opened`` is what is changed in its place."""
    context = visit.context
    await keep_plans(context.session)
    full = await postmortems.get_full(context.session, context.viewer, postmortem_id, context.now)
    row, visible = full.postmortem, visible_of(full)
    shown = await threads.list_all(visit, postmortem_id)
    of_this = ItemFilters(postmortem_id=postmortem_id)
    items = (await list_items(context.session, context.viewer, of_this, "createdAt", Ask(200), context.now)).items
    also = await find_belongings(context.session, context.viewer, postmortem_id)
    proposed, proposed_teams = (
        await participants.list_proposed(context.session, visible) if also.proposals else ([], [])
    )
    reporters = [one.added_by_id for one in (*proposed, *proposed_teams)]
    others = [*reporters, *(one.id for one in proposed)]
    named = await people.people_by_id(context.session, [*_people_in(row), *threads.people_in(shown), *others])
    template = template_of(row.template)
    texts = texts_of(row, template)
    counts = full.counts
    names = ReasonNames(named, {one.id: one.description for one in items}, titles_of(template))
    relations = full.relations
    writes = bool(visit.request.state.frame["may_write"])
    status = Status(row.status)
    may_edit = writes and access.may(Verb.EDIT, status, relations)
    may_manage = writes and access.may(Verb.ASK_REVIEWERS, status, relations)
    may_name_editors = writes and access.may(Verb.MANAGE, status, relations)
    may_add_item = writes and may_add(visible)
    moves = possible_moves(visible) if writes else []
    facts = None
    if moves or status in BEFORE_PUBLICATION:
        facts = await read_publication_facts(context.session, context.viewer, row.id)
    offers = list_transitions(visit, moves, facts, names) if facts else {}
    trackers = await connections.names_by_kind(context.session, registry.tracker_kinds())
    may_ticket = writes and batches.may_open_tickets(visible) and _lacks_tickets(items, trackers.keys())
    forms = {
        "item": may_add_item,
        "tickets": may_ticket,
        "event": may_edit,
        "incident": may_edit,
        "reviewer": may_manage,
        "editor": may_name_editors,
        "duration": writes and access.may(Verb.TAKE_INCIDENT_TIMES, status, relations),
    }
    linked = await links.list_linked(context.session, visible) if row.incidents else []
    editing = await read_opened(visit, full, visible, opened or opened_by(visit.request.query_params))
    forms[f"fact-{editing['editing']}"] = bool(editing["editing"])
    meetings = await list_recent(context.session, visible, 1) if also.meetings else []
    reviewer_rows = panel.reviewer_rows(visible, people.absences_of(named.values(), context.now), context.now)
    by_section = threads.threads_of(shown, titles_of(template), texts)
    checks = None
    if facts and status in BEFORE_PUBLICATION:
        checks = publication_checks(context.session, context.viewer, visible, facts, context.now)
    targets = await list_target_progress(context.session, visible, context.now)
    may_change_targets = writes and access.may(Verb.CHANGE_TARGETS, status, relations)
    changeable = [one.target.name.value for one in targets if may_change_targets and not one.target.is_settled]
    viewer_id = context.viewer.person_id
    own = await list_drafts(context.session, context.viewer, visible) if writes and also.drafts else []
    known = panel.PanelFacts(visible, checks, reviewer_rows, items, by_section, named, names)
    next_step = panel.panel_of(known, panel.Rights.of(visible, writes=writes))
    return await show(
        visit,
        "postmortems/postmortem.html",
        refusal,
        texts_to_format={
            "read_as": threads.section_passages(texts, shown),
            "said_as": threads.comment_passages(shown, named),
        },
        texts_of=row.id,
        opens=row.id,
        full=full,
        postmortem=row,
        texts=texts,
        sections=template.sections,
        fields=template.fields,
        section_titles=titles_of(template),
        missing=missing_sections(template, texts, has_timeline=counts.has_timeline, has_items=counts.has_items),
        blank=[one for one in template.sections if not (one.required or one.key in LISTS or texts[one.key].strip())],
        people=named,
        reviewers=reviewer_rows,
        bars=[_bar(one, row, context.now) for one in targets],
        proposed=proposed,
        proposed_teams=proposed_teams,
        teams=await teams.teams_by_id(
            context.session, [*(one.team_id for one in row.teams), *(one.id for one in proposed_teams)]
        ),
        linked=linked,
        picture=_picture(row, linked, context.person.time_zone),
        threads=by_section,
        has_several_open_threads=sum(not (one.comment.parent_id or one.comment.resolved_at) for one in shown) > 1,
        news=(await links.read_news(context.session, [row])).get(row.id) if row.incidents else None,
        may_take_times=writes and access.may(Verb.TAKE_INCIDENT_TIMES, status, relations),
        is_resting=status is Status.DRAFT and row.draft_started_at is None,
        drafts={one.name: one for one in own},
        saved={one.name: one for one in row.sections},
        advice=await style.list_advice(context.session, visible) if may_edit else None,
        levels=[one.value for one in EditorLevel],
        all_teams=await choices.list_team_choices(context.session) if may_manage or may_name_editors else [],
        offers=offers,
        panel=next_step,
        audience=access.audience_once_published(row.visibility),
        preview=await preview_publication(context.session, visible) if Transition.PUBLISH in moves else None,
        last_review=await find_last_review(context.session, row.id, viewer_id) if Transition.APPROVE in moves else None,
        changeable_targets=changeable,
        spots=[name for name, is_there in forms.items() if is_there]
        + [one.lower().replace("_", "-") for one in offers]
        + [f"target-{what}-{name}" for name in changeable for what in ("extend", "waive")],
        refused=names.explain(refusal) if refusal else [],
        steps=[one.value for one in Status],
        may_edit=may_edit,
        meeting=meetings[0] if meetings else None,
        may_plan_meeting=writes and access.may(Verb.PLAN_MEETING, status, relations),
        may_open_share=access.may(Verb.READ_SUMMARY, status, relations),
        may_manage=may_manage,
        may_name_editors=may_name_editors,
        may_leave=writes and access.may(Verb.LEAVE, status, relations),
        may_resolve=access.may(Verb.RESOLVE, status, relations),
        may_add_item=may_add_item,
        may_export_comments=access.may(Verb.EXPORT_COMMENTS, status, relations),
        export_formats=EXPORT_FORMATS,
        may_ticket=may_ticket,
        trackers=trackers,
        batches=await batches.list_progress(context.session, postmortem_id) if also.ticket_batches else [],
        entry_types=[one.value for one in EntryType],
        items=items,
        **editing,
    )


def _picture(row: Postmortem, linked: Sequence[Incident], time_zone: str) -> Picture | None:
    marks = [Mark(one.at, one.event, f"e-{one.id}", one.type, one.precision) for one in row.timeline]
    reported = [IncidentState.from_json(one.registers).incident() for one in linked]
    mitigations = [one.at for one in row.timeline if one.type == EntryType.MITIGATION]
    return draw(marks, phases_of(reported, mitigations), time_zone)


def _lacks_tickets(items: Sequence[ListedItem], trackers: Collection[str]) -> bool:
    """Whether some open item has no ticket in one of these connections, nor one on its way."""
    for item in items:
        there = {
            one["integration_id"]
            for one in item.tickets
            if one["external_id"] or one["link_state"] != LinkState.REFUSED
        }
        if not ActionItemStatus(item.status).is_settled and not there.issuperset(trackers):
            return True
    return False


def titles_of(template: Template) -> dict[str, str]:
    return {one.key: one.title for one in template.sections}


def visible_of(full: FullPostmortem) -> VisiblePostmortem:
    return VisiblePostmortem(full.postmortem, full.relations, full.visibility)


def _people_in(row: Postmortem) -> list[str | None]:
    return [
        row.author_id,
        *(one.person_id for one in row.editors),
        *(id_ for one in row.reviewers for id_ in (one.person_id, one.waived_by_id)),
        *(one.person_id for one in row.participants),
        *(one.updated_by for one in row.sections),
        *(value for value in row.custom_fields.values() if isinstance(value, str) and value.startswith("user_")),
    ]


def _bar(standing: TargetProgress, row: Postmortem, now: datetime) -> TargetBar:
    start = min(row.incident_resolved_at or row.created_at, standing.target.effective_due_at)
    end = standing.target.met_at or now
    whole = (standing.target.effective_due_at - start).total_seconds() or 1
    return TargetBar(standing, max(0, min(100, round(100 * (end - start).total_seconds() / whole))))
