"""One's inbox, and how one is told: the twins of ``/api/me``."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.pages.postmortems.discussion import instant_of
from api.pages.rendering import zone_of
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId
from api.shapes.policies import WEEK
from api.v1.notifications.me import KindName, MePatch, change_oneself, preferences
from api.v1.people.people import zones
from domain.errors import DomainError, UnknownReference
from domain.notifications import notices as kinds
from integrations import public_holidays
from models.queries.notifications import notices
from models.queries.notifications.notice_facts import Fact, read_facts
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
) -> Response:
    context = visit.context
    found = await notices.list_notices(context.session, context.viewer, Ask(50, cursor), unread=unread, kind=kind)
    facts = await read_facts(context.session, found.items, context.now, viewer=context.viewer, team_id=None)
    return await show(
        visit,
        "notifications/inbox.html",
        said=[(one.notice, _said(one, context.person.time_zone, context.now)) for one in facts],
        next_cursor=found.next_cursor,
        only_unread=unread,
        kind=kind,
        kinds={one: kinds.kind_of(one).label for one in sorted({*kinds.KINDS, *([kind] if kind else [])})},
    )


def _said(fact: Fact, zone: str, now: datetime) -> str:
    notice = fact.notice
    due = "now"
    if fact.due_on is not None:
        due = kinds.date_words(fact.due_on)
    elif fact.due_at is not None:
        due = kinds.instant_words(fact.due_at.astimezone(zone_of(zone)), zone)
    facts = {"due": due, "detail": fact.detail, **fact.names}
    sentence = kinds.sentence(notice.kind, title=fact.title, target=notice.target, is_past=fact.is_past(now), **facts)
    stands_in = notice.on_behalf_of_id is not None and not notice.kind.startswith("away_")
    return f"On behalf of {fact.names['person']} (away): {sentence}" if stands_in else sentence


@routes.post("/inbox/read")
async def mark_all_read(visit: Visiting) -> Response:
    await notices.mark_all_read(visit.context.session, visit.context.viewer, visit.context.now)
    return to("/inbox")


@routes.post("/inbox/{notice_id}/read")
async def mark_read(visit: Visiting, notice_id: PathId) -> Response:
    await notices.mark_read(visit.context.session, visit.context.viewer, notice_id, visit.context.now)
    return to("/inbox")


# How one is told


@routes.get("/settings/notifications")
async def ask_preferences(visit: Visiting, saved: bool = False) -> Response:
    return await _form(visit, await _shown(visit), saved=saved)


@routes.post("/settings/notifications")
async def save_preferences(visit: Visiting) -> Response:
    refusal = await attempted(visit, _save(visit))
    if refusal is None:
        return to("/settings/notifications?saved=true")
    sent = {name: visit.form.get(name, "") for name in (await _shown(visit))}
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
        kinds={name: kinds.KINDS[name].label for name in sorted(kinds.KINDS)},
    )


async def _shown(visit: Visit) -> dict[str, str]:
    """Every field of the form as it stands."""
    person = visit.context.person
    known = preferences(person)
    zone = zone_of(person.time_zone)
    delegate = await people.find_person(visit.context.session, person.delegate_id) if person.delegate_id else None
    shown = {
        "timeZone": person.time_zone,
        "country": person.country or "",
        "region": person.region or "",
        "opens": known["opens"] or "",
        "closes": known["closes"] or "",
        "preferredHour": known["preferred_hour"] or "",
        "quietFrom": known["quiet_from"] or "",
        "quietUntil": known["quiet_until"] or "",
        "preferredChannel": person.preferred_channel or "",
        "delegate": f"@{delegate.handle}" if delegate else "",
        "snoozedUntil": _local(person.snoozed_until, zone),
        "awayFrom": _local(person.away_from, zone),
        "awayUntil": _local(person.away_until, zone),
    }
    days = known["working_days"] or []
    shown |= {f"day.{one}": "yes" if one in days else "" for one in WEEK}
    return shown | {f"mute.{one}": "yes" if one in person.muted_kinds else "" for one in kinds.KINDS}


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
    given["mutedKinds"] = [one for one in kinds.KINDS if form.get(f"mute.{one}")]
    given["delegateId"] = await _delegate(visit, form.get("delegate", "").strip())
    await change_oneself(visit.context, read_form(MePatch, given), None)


async def _delegate(visit: Visit, written: str) -> str | None:
    """By ``@handle`` or e-mail. Raises UnknownReference."""
    if not written:
        return None
    person = await people.find_by_name(visit.context.session, written.removeprefix("@"))
    if person is None:
        raise UnknownReference(field="delegate", kind="person", id=written)
    return person.id
