"""Reminders through the API: working hours, who a target was escalated to, and people who left."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update

from application.escalation import reminders
from models.content import Section
from models.escalation import PublicHoliday, ReminderAlarm
from models.postmortem import Postmortem, PostmortemTarget
from models.queries.escalation.reminders import lock_postmortem
from models.session import Sessions
from tests.api import writing
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually

WAITING = text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")
OURS = {"workingDays": ["SUN", "MON", "TUE"], "opens": "08:30", "closes": "12:00", "country": "DE", "region": "BY"}


def kinds(who: Person, entity: str, name: str = "postmortemId") -> list[str]:
    found = ok(who.get("/api/me/notifications", params={"limit": 200}))["items"]
    return [one["kind"] for one in reversed(found) if one[name] == entity]


async def test_a_calendar_of_ones_own(stack: Stack) -> None:
    me, other, admin = stack.person(), stack.person(), stack.person("ADMIN")
    path = f"/api/users/{me.id}/calendar"
    assert ok(me.get(path)) == dict.fromkeys(OURS)
    assert ok(me.put(path, json=OURS)) == OURS | {"workingDays": ["MON", "TUE", "SUN"]}
    assert other.put(path, json=OURS).status_code == 403
    stale = me.put(path, json={}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        days = select(PublicHoliday.day).where(PublicHoliday.country == "DE", PublicHoliday.region == "BY")
        known = set((await session.execute(days)).scalars())
    year = datetime.now(UTC).year
    assert date(year + 1, 1, 6) in known, "Epiphany"
    assert date(year + 1, 10, 31) not in known, "the Reformation is celebrated elsewhere"
    assert ok(admin.put(path, json={"country": "US"})) == dict.fromkeys(OURS) | {"country": "US"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"opens": "09:00"},
        {"opens": "17:00", "closes": "09:00"},
        {"workingDays": []},
        {"country": "XX"},
        {"country": "DE", "region": "CA"},
        {"region": "BY"},
        {"timeZone": "UTC"},
    ],
)
def test_a_calendar_that_cannot_be(stack: Stack, wrong: dict[str, Any]) -> None:
    me = stack.person()
    assert me.put(f"/api/users/{me.id}/calendar", json=wrong).status_code == 422


def test_targets_tell_what_remains(stack: Stack) -> None:
    author = stack.person()
    path = f"/api/postmortems/{writing.draft(author)['id']}/targets"
    before = {one["name"]: one for one in ok(author.get(path))["items"]}
    assert before["draft_started"]["remainingSeconds"] is None
    assert before["draft_started"]["remainingWorkingSeconds"] is None
    published = before["published"]
    assert 13.9 * 86400 < published["remainingSeconds"] <= 14 * 86400
    assert 9 * 8 * 3600 <= published["remainingWorkingSeconds"] <= 11 * 8 * 3600, (
        "two weeks of five days of eight hours"
    )
    assert published["escalations"] == []


async def begin_at(sessions: Sessions, postmortem_id: str, instant: datetime) -> None:
    """Moves a draft and everything that is due about it, so that no test depends on the day on which it runs."""
    async with sessions.begin() as session:
        row = await session.get_one(Postmortem, postmortem_id)
        by, key = instant - row.created_at, {"postmortem_id": postmortem_id}
        row.created_at, row.draft_started_at = instant, row.draft_started_at and row.draft_started_at + by
        for table, column in ((PostmortemTarget, "due_at"), (Section, "updated_at")):
            moved = {column: getattr(table, column) + by}
            await session.execute(update(table).filter_by(**key).values(moved))


WEEK = [datetime(2031, 3, 3 + day, 15, 34, tzinfo=UTC) for day in range(7)]
ODD = [datetime(2031, 3, 9, 23, 50, tzinfo=UTC), datetime(2031, 2, 28, 23, 59, tzinfo=UTC)]
CLOCKS_CHANGE = [datetime(2031, 3, 30, 0, 59, tzinfo=UTC), datetime(2031, 10, 26, 0, 59, tzinfo=UTC)]


@pytest.mark.parametrize("began", [*WEEK, *ODD, *CLOCKS_CHANGE], ids=lambda one: f"{one:%a %m-%d %H%M}")
async def test_targets_tell_who_was_asked(stack: Stack, began: datetime) -> None:
    author = stack.person(timeZone="Europe/Berlin")
    made = writing.draft(author)
    path = f"/api/postmortems/{made['id']}/targets"
    async with sessions_of(stack) as sessions:
        await begin_at(sessions, made["id"], began)
    before = {one["name"]: one for one in ok(author.get(path))["items"]}
    due = datetime.fromisoformat(before["draft_completed"]["dueAt"])
    monday = due + timedelta(days=(7 - due.weekday()) % 7 or 7)
    now = monday.replace(hour=12, minute=0)
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        told = await reminders.send_postmortem_reminders(session, made["id"], now)
        again = await reminders.send_postmortem_reminders(session, made["id"], now)
    assert again == []
    (mine,) = [one for one in told if one.target == "draft_completed" and one.to == author.id]
    after = {one["name"]: one for one in ok(author.get(path))["items"]}
    (asked,) = [one for one in after["draft_completed"]["escalations"] if author.id in one["to"]]
    assert asked["rung"] == mine.step
    assert datetime.fromisoformat(asked["at"]) == now
    assert asked["channel"] == "inbox"
    assert asked["covers"] == sorted(one.partition(":")[0] for one in mine.covers)
    expected = ["draft_stale" if one.target == "stale_draft" else "target_due" for one in told if one.to == author.id]
    assert sorted(kinds(author, made["id"])) == sorted(expected)


async def test_a_first_look_beside_a_command_sets_one_alarm(stack: Stack) -> None:
    """As the first task of a workflow does, while a command has locked the postmortem and sets the alarm last."""
    made, direct = writing.draft(stack.person())["id"], stack.direct
    assert direct is not None
    alarm = text("select count(*) from ladder_alarm where subject_id = :id").bindparams(id=made)
    await asyncio.to_thread(eventually, lambda: direct.rows(alarm)[0])
    direct.write(text("delete from ladder_alarm where subject_id = :id"), id=made)
    now = datetime.now(UTC)
    async with sessions_of(stack) as sessions, sessions.begin() as command:
        await lock_postmortem(command, made)
        async with sessions.begin() as look:
            await reminders.plan_postmortem_reminders(look, made, now)
            setting = asyncio.create_task(reminders.plan_postmortem_reminders(command, made, now))
            await asyncio.to_thread(eventually, lambda: direct.rows(WAITING)[0])
        await setting
    assert direct.rows(alarm)[0] == 1


async def test_somebody_who_leaves_is_found_at_once_and_their_lead_is_asked_once(stack: Stack) -> None:
    admin, lead, leaver, author = stack.client(), stack.person(), stack.person(), stack.person()
    members = {"leadId": lead.id, "memberIds": [lead.id, leaver.id, author.id]}
    team = ok(admin.post("/api/teams", json={"name": f"T{uuid4().hex}", **members}), 201)["id"]
    reviewed = writing.in_review(author, [leaver], teamIds=[team])["id"]
    written = writing.draft(leaver, teamIds=[team])["id"]
    item = writing.with_item(author, reviewed, leaver.id)["id"]
    done = writing.with_item(author, reviewed, leaver.id)["id"]
    ok(author.patch(f"/api/action-items/{done}", json={"status": "COMPLETED"}))
    for _ in range(2):
        ok(admin.patch(f"/api/users/{leaver.id}", json={"active": False}))
    assert kinds(lead, item, "actionItemId") == ["owner_left"]
    assert kinds(lead, done, "actionItemId") == []
    assert kinds(lead, written) == ["author_left"]
    assert sorted(kinds(lead, reviewed)) == ["owner_left", "reviewer_left"]
    other = stack.person()
    ok(author.patch(f"/api/action-items/{item}", json={"ownerId": other.id}))

    async with sessions_of(stack) as sessions:
        await begin_at(sessions, written, WEEK[0])
        async with sessions.begin() as session:
            told = await reminders.send_postmortem_reminders(session, written, WEEK[2] + timedelta(days=7))
        assert {one.to for one in told if one.step in {"before_due", "due"}} <= {lead.id}
        assert lead.id in {one.to for one in told}


async def test_a_team_whose_lead_leaves_is_told_to_the_administrators_once(stack: Stack) -> None:
    admin, lead = stack.client(), stack.person()
    team = ok(admin.post("/api/teams", json={"name": f"T{uuid4().hex}", "leadId": lead.id}), 201)
    me = stack.person("ADMIN")
    for active in (False, True, False):
        ok(admin.patch(f"/api/users/{lead.id}", json={"active": active}))
    found = ok(me.get("/api/me/notifications", params={"limit": 200}))["items"]
    assert [(one["kind"], one["aboutTeamId"]) for one in found] == [("team_without_lead", team["id"])]


async def test_the_outbox_finds_a_workflow_that_let_its_alarm_ring(stack: Stack) -> None:
    """As after Temporal lost its data: a look that is overdue starts it again, from the row."""
    author = stack.person()
    made = writing.draft(author)
    async with sessions_of(stack) as sessions:

        async def alarm() -> datetime | None:
            async with sessions.begin() as session:
                found = await session.get(ReminderAlarm, made["id"])
                return found.rings_at if found else None

        async def until_it_is_set() -> datetime:
            deadline = datetime.now(UTC) + timedelta(seconds=30)
            while datetime.now(UTC) < deadline:
                at = await alarm()
                if at is not None and at > datetime.now(UTC):
                    return at
                await asyncio.sleep(0.1)
            raise AssertionError("nobody looked")

        await until_it_is_set()
        async with sessions.begin() as session:
            row = await session.get_one(ReminderAlarm, made["id"])
            row.rings_at = datetime.now(UTC) - timedelta(minutes=5)
            (await session.get_one(Postmortem, made["id"])).workflow_started = True
        assert await until_it_is_set()
