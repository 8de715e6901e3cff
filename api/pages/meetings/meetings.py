"""The pages of a postmortem's review meetings."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Response
from pydantic import TypeAdapter, ValidationError

from api.files.answers import calendar_answer
from api.pages.meetings.grid import days_of
from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.meetings import Length
from application.meetings import documents, planning, shown, suggestions
from application.meetings.inviting import Wanted
from application.meetings.planning import MeetingPlan
from application.meetings.shown import ShownMeeting
from application.meetings.suggestions import Suggestion
from application.people.lookup import find_typed_person
from domain import access
from domain.access import Relation, Verb
from domain.comments.formatting import Passage
from domain.errors import DomainError, Malformed, reason
from domain.meetings.meeting import ConferenceKind, MeetingStatus
from domain.postmortems.lifecycle import Status
from integrations.fields import Email
from models.queries.people.people import people_by_id
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible

routes = router()

LATEST = 20
LENGTHS = (30, 45, 60)
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


@routes.get("/postmortems/{postmortem_id}/meetings")
async def list_meetings(visit: Visiting, postmortem_id: PathId) -> Response:
    return await _listed(visit, postmortem_id)


async def _listed(visit: Visit, postmortem_id: str, refusal: DomainError | None = None) -> Response:
    context = visit.context
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    found = await shown.list_recent(context.session, seen, LATEST)
    ids = [one.row.organizer_id for one in found]
    changeable = {one.row.id for one in found if _may_change(visit, seen, one)}
    return await show(
        visit,
        "meetings/meetings.html",
        refusal,
        postmortem=seen.postmortem,
        meetings=found,
        people=await people_by_id(context.session, ids),
        begins={one.row.id: one.row.starts_at.astimezone(ZoneInfo(context.person.time_zone)) for one in found},
        may_plan=_may(visit, seen, Verb.PLAN_MEETING),
        may_add=_may(visit, seen, Verb.MANAGE),
        changeable=changeable,
    )


def _may(visit: Visit, seen: VisiblePostmortem, verb: Verb, *more: Relation) -> bool:
    status = Status(seen.postmortem.status)
    return visit.request.state.frame["may_write"] and access.may(verb, status, {*seen.relations, *more})


def _may_change(visit: Visit, seen: VisiblePostmortem, one: ShownMeeting) -> bool:
    mine = (Relation.ORGANIZER,) if one.row.organizer_id == visit.context.viewer.person_id else ()
    is_open = one.row.status == MeetingStatus.SCHEDULED.value
    return is_open and _may(visit, seen, Verb.CHANGE_MEETING, *mine)


# The dialog


@routes.get("/postmortems/{postmortem_id}/meetings/new")
async def new_meeting(visit: Visiting, postmortem_id: PathId, minutes: int = 45) -> Response:
    return await _dialog(visit, postmortem_id, minutes)


async def _dialog(visit: Visit, postmortem_id: str, minutes: int, refusal: DomainError | None = None) -> Response:
    context = visit.context
    length = minutes if minutes in LENGTHS else 45
    parts = context.parts
    loaded = await suggestions.load_suggestion(
        context.session, context.viewer, postmortem_id, length, context.now, parts.settings.base_url
    )
    finishing = partial(
        suggestions.finish, parts.sessions, parts.keyring, loaded, context.viewer.person_id, context.now
    )
    found: Suggestion = await context.between_transactions(finishing)
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    zone = context.person.time_zone
    return await show(
        visit,
        "meetings/new.html",
        refusal,
        postmortem=seen.postmortem,
        minutes=length,
        lengths=LENGTHS,
        zone=zone,
        slots=found.slots,
        attendees=found.attendees,
        people=await people_by_id(context.session, [one.person_id for one in found.attendees]),
        days=days_of(found.slots, found.people, zone),
        agenda=found.agenda,
        conferences=await planning.list_conferences(context.session, postmortem_id),
        target=loaded.target,
        may_add=access.may(Verb.MANAGE, Status(seen.postmortem.status), seen.relations),
    )


@routes.post("/postmortems/{postmortem_id}/meetings")
async def plan_meeting(visit: Visiting, postmortem_id: PathId) -> Response:
    form, context = visit.form, visit.context

    async def work() -> None:
        plan = MeetingPlan(
            starts_at=_begin(visit),
            minutes=_minutes(form),
            time_zone=context.person.time_zone,
            attendees=[one async for one in _attendees(visit)],
            conference=_conference(form),
            location=form.get("location", "").strip()[:500] or None,
            notes=form.get("notes", "").strip()[:20_000] or None,
            follows_target=form.get("follow") == "yes",
            is_additional=form.get("additional") == "yes",
            adds_commenters=form.get("commenters") == "yes",
        )
        base_url = context.parts.settings.base_url
        await planning.plan_meeting(context.session, context.viewer, postmortem_id, plan, context.now, base_url)

    refusal = await attempted(visit, work())
    if refusal is not None:
        return await _dialog(visit, postmortem_id, _minutes(form), refusal)
    return to(f"/postmortems/{postmortem_id}/meetings")


def _minutes(form: Mapping[str, str]) -> int:
    given = form.get("minutes", "45")
    try:
        return TypeAdapter(Length).validate_strings(given)
    except ValidationError:
        return 45


def _begin(visit: Visit) -> datetime:
    """A proposed time, or a day and a time of the reader's own. Raises Malformed."""
    form, chosen = visit.form, visit.form.get("slot", "")
    try:
        if chosen and chosen != "own":
            return datetime.fromisoformat(chosen).astimezone(UTC)
        on, at = date.fromisoformat(form.get("day", "")), time.fromisoformat(form.get("time", ""))
        return datetime.combine(on, at, tzinfo=ZoneInfo(visit.context.person.time_zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        words = "Choose one of the times, or enter a day and a time."
        raise Malformed(reasons=[reason("time", words, where="The time")]) from None


def _conference(form: Mapping[str, str]) -> ConferenceKind:
    """Raises Malformed."""
    try:
        return ConferenceKind(form.get("conference") or "none")
    except ValueError:
        words = "Choose one of the kinds in the list."
        raise Malformed(reasons=[reason("conference", words, where="The video meeting")]) from None


async def _attendees(visit: Visit) -> Any:
    """Those who are chosen in the list, then whoever is typed beside it."""
    for name, value in visit.form.items():
        if name.startswith("who-") and value in {"required", "optional"}:
            yield Wanted(name.removeprefix("who-")[:100], None, value == "required")
        elif name.startswith("out-") and value in {"required", "optional"}:
            address = _address(name.removeprefix("out-"))
            if address is not None:
                yield Wanted(None, address, value == "required")
    for words in visit.form.get("more", "").split(",")[:100]:
        if not words.strip():
            continue
        if (address := _address(words)) is not None:
            yield Wanted(None, address, required=False)
        else:
            person = await find_typed_person(visit.context.session, "more", words)
            yield Wanted(person.id, None, required=False)


def _address(words: str) -> str | None:
    try:
        return _EMAIL.validate_python(words.strip()) if "@" in words.strip()[1:] and "(@" not in words else None
    except ValidationError:
        return None


# Changing


@routes.post("/postmortems/{postmortem_id}/meetings/{meeting_id}")
async def change_meeting(visit: Visiting, postmortem_id: PathId, meeting_id: PathId) -> Response:
    form, context = visit.form, visit.context

    async def work() -> None:
        changes = {
            "starts_at": _begin(visit),
            "minutes": _minutes(form),
            "location": form.get("location", "").strip()[:500] or None,
            "follows_target": form.get("follow") == "yes",
            "attendees": [one async for one in _attendees(visit)],
            "adds_commenters": form.get("commenters") == "yes",
        }
        expected = int(form["version"]) if form.get("version", "").isdigit() else None
        await planning.change_meeting(
            context.session, context.viewer, postmortem_id, meeting_id, changes, expected, context.now
        )

    return await _answered(visit, postmortem_id, await attempted(visit, work()))


@routes.post("/postmortems/{postmortem_id}/meetings/{meeting_id}/cancel")
async def cancel_meeting(visit: Visiting, postmortem_id: PathId, meeting_id: PathId) -> Response:
    context = visit.context
    work = planning.cancel_meeting(context.session, context.viewer, postmortem_id, meeting_id, None)
    return await _answered(visit, postmortem_id, await attempted(visit, work))


@routes.post("/postmortems/{postmortem_id}/meetings/{meeting_id}/held")
async def record_held(visit: Visiting, postmortem_id: PathId, meeting_id: PathId) -> Response:
    """Action items are made in the same form, one a line; they get an owner and a due date on their own pages."""
    context, form = visit.context, visit.form
    work = planning.record_outcome(
        context.session,
        context.viewer,
        postmortem_id,
        meeting_id,
        held=form.get("held") == "yes",
        notes=form.get("notes", "").strip()[:20_000] or None,
        items=list(_lines(form.get("items", ""))),
        now=context.now,
    )
    return await _answered(visit, postmortem_id, await attempted(visit, work))


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines()[:50]:
        if words := line.strip().removeprefix("-").removeprefix("*").strip():
            yield words[:500]


async def _answered(visit: Visit, postmortem_id: str, refusal: DomainError | None) -> Response:
    if refusal is not None:
        return await _listed(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}/meetings")


# Files


@routes.get("/postmortems/{postmortem_id}/meetings/{meeting_id}.ics")
async def download_meeting(visit: Visiting, postmortem_id: PathId, meeting_id: PathId) -> Response:
    return await calendar_answer(visit.context, postmortem_id, meeting_id)


@routes.get("/postmortems/{postmortem_id}/meetings/{meeting_id}/agenda")
async def show_agenda(visit: Visiting, postmortem_id: PathId, meeting_id: PathId) -> Response:
    """As it is now, to be read and printed."""
    context = visit.context
    base_url = context.parts.settings.base_url
    loaded = await documents.load_agenda_of(
        context.session, context.viewer, postmortem_id, meeting_id, context.now, base_url
    )
    text = await context.between_transactions(lambda: asyncio.to_thread(loaded.text))
    one = await shown.get_meeting(context.session, context.viewer, postmortem_id, meeting_id)
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    passages = {"read_as": {"agenda": Passage(text)}}
    return await show(visit, "meetings/agenda.html", postmortem=seen.postmortem, meeting=one, texts_to_format=passages)
