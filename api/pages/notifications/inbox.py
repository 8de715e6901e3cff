"""The inbox and the notification preferences of the signed-in person."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.pages.postmortems.events import instant_of
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.rendering import picked, zone_of
from api.shapes.base import PathId, zones
from api.shapes.notifications import KindName, MePatch, preferences
from api.shapes.policies import WEEK
from application.notifications.inbox import InboxRow, grouped, read_inbox
from application.notifications.preferences import change_preferences
from application.notifications.reading import mark_done_read
from application.people.lookup import find_typed_person
from domain.errors import DomainError
from domain.notifications import meanings
from domain.notifications import notices as kinds
from domain.notifications.meanings import CHANNELS, When
from integrations import public_holidays
from models.notification import Notice
from models.person import Person
from models.queries.notifications import notices
from models.queries.pagination import Ask
from models.queries.people import people

routes: APIRouter = router()

CLOCKS = ("opens", "closes", "preferredHour", "quietFrom", "quietUntil")
INSTANTS = ("snoozedUntil", "awayFrom", "awayUntil")


@routes.get("/inbox")
async def inbox(
    visit: Visiting,
    cursor: str | None = None,
    unread: bool = False,
    kind: Annotated[KindName | None, Query()] = None,
    done: bool = False,
) -> Response:
    context = visit.context
    await mark_done_read(context.session, context.viewer, context.now)
    ask = Ask(50, cursor)
    found = await notices.list_notices(context.session, context.viewer, ask, unread=unread, kind=kind, done=done)
    return await show(
        visit,
        "notifications/inbox.html",
        groups=grouped(await _rows(visit, found.items)),
        next_cursor=found.next_cursor,
        only_unread=unread,
        only_done=done,
        kind=kind,
        kinds={one: kinds.kind_of(one).label for one in sorted({*kinds.KINDS, *([kind] if kind else [])})},
    )


@routes.get("/inbox/{notice_id}")
async def open_notice(visit: Visiting, notice_id: PathId) -> Response:
    """Marks the notice as read and shows what it is about."""
    context = visit.context
    notice = await notices.mark_read(context.session, context.viewer, notice_id, context.now)
    (row,) = await _rows(visit, [notice])
    return to(row.link)


async def _rows(visit: Visit, found: Sequence[Notice]) -> list[InboxRow]:
    context, zone = visit.context, zone_of(visit.context.person.time_zone).key
    return await read_inbox(context.session, context.viewer, found, context.now, zone=zone, base_url="")


@routes.post("/inbox/read")
async def mark_all_read(visit: Visiting) -> Response:
    await notices.mark_all_read(visit.context.session, visit.context.viewer, visit.context.now)
    return to("/inbox")


@routes.post("/inbox/{notice_id}/read")
async def mark_read(visit: Visiting, notice_id: PathId) -> Response:
    await notices.mark_read(visit.context.session, visit.context.viewer, notice_id, visit.context.now)
    return to("/inbox")


@routes.post("/inbox/done")
async def mark_done(visit: Visiting) -> Response:
    """Puts away everything about one postmortem or action item."""
    await notices.mark_done(
        visit.context.session, visit.context.viewer, visit.context.now, about_id=visit.form.get("about", "")
    )
    return to("/inbox")


# Preferences


@routes.get("/settings/notifications")
async def ask_preferences(visit: Visiting, saved: bool = False) -> Response:
    return await _form(visit, await _current_fields(visit), saved=saved)


@routes.post("/settings/notifications")
async def save_preferences(visit: Visiting) -> Response:
    refusal = await attempted(visit, _save(visit))
    if refusal is None:
        return to("/settings/notifications?saved=true")
    sent = {name: visit.form.get(name, "") for name in (await _current_fields(visit))}
    return await _form(visit, sent, refusal=refusal)


async def _form(
    visit: Visit, shown: dict[str, str], refusal: DomainError | None = None, *, saved: bool = False
) -> Response:
    return await show(
        visit,
        "notifications/preferences.html",
        refusal,
        shown=shown,
        saved=saved,
        week=WEEK,
        zones=sorted(zones()),
        countries=sorted(public_holidays.regions()),
        groups=meanings.GROUPS,
        channels=CHANNELS,
        choices={When.AT_ONCE: "At once", When.DAILY: "Daily", When.NEVER: "Never"},
        muted=[kinds.kind_of(one).label for one in (await _me(visit)).muted_kinds],
    )


async def _me(visit: Visit) -> Person:
    return await people.get_person(visit.context.session, visit.context.viewer.person_id)


async def _current_fields(visit: Visit) -> dict[str, str]:
    """The fields of the form with their current values."""
    person = await _me(visit)
    current = preferences(person)
    zone = zone_of(person.time_zone)
    delegate = await people.find_person(visit.context.session, person.delegate_id) if person.delegate_id else None
    shown = {
        "timeZone": person.time_zone,
        "country": person.country or "",
        "region": person.region or "",
        "opens": current["opens"] or "",
        "closes": current["closes"] or "",
        "preferredHour": current["preferred_hour"] or "",
        "quietFrom": current["quiet_from"] or "",
        "quietUntil": current["quiet_until"] or "",
        "preferredChannel": person.preferred_channel or "",
        "delegate": picked(delegate) if delegate else "",
        "snoozedUntil": _local(person.snoozed_until, zone),
        "awayFrom": _local(person.away_from, zone),
        "awayUntil": _local(person.away_until, zone),
    }
    days = current["working_days"] or []
    shown |= {f"day.{one}": "yes" if one in days else "" for one in WEEK}
    for meaning, wishes in meanings.all_wishes(person.notice_wishes).items():
        shown |= {f"when.{meaning}.{channel}": wish for channel, wish in wishes.items()}
    return shown | {"keepsMuted": "yes" if person.muted_kinds else ""}


def _local(at: datetime | None, zone: Any) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if at else ""


async def _save(visit: Visit) -> None:
    form = visit.form
    zone = form.get("timeZone", "UTC")
    given: dict[str, Any] = {"timeZone": zone}
    for name in ("country", "region", "preferredChannel", *CLOCKS):
        given[name] = form.get(name, "").strip() or None
    for name in INSTANTS:
        written = form.get(name, "")
        given[name] = instant_of(written, zone).astimezone(UTC).isoformat() if written else None
    given["workingDays"] = [one.value for one in WEEK if form.get(f"day.{one}")] or None
    person = await _me(visit)
    given["delivery"] = {
        meaning: {channel: form.get(f"when.{meaning}.{channel}") or wishes[channel] for channel in CHANNELS}
        for meaning, wishes in meanings.all_wishes(person.notice_wishes).items()
    }
    given["mutedKinds"] = person.muted_kinds if form.get("keepsMuted") else []
    given["delegateId"] = await _delegate(visit, form.get("delegate", "").strip())
    context, patch = visit.context, read_form(MePatch, given)
    holidays = patch.holidays(context.now.year)
    await change_preferences(context.session, context.viewer, patch.changes(), None, holidays=holidays)


async def _delegate(visit: Visit, written: str) -> str | None:
    """Raises UnknownReference, AmbiguousPerson."""
    if not written:
        return None
    return (await find_typed_person(visit.context.session, "delegate", written)).id
