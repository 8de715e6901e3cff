"""Three years of postmortems and action items, long before everything else in the shared database.

Due dates move, items are reopened, postmortems are published a second time, and some of it is imported.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, text

from models.action_item import ActionItem, Ticket
from models.escalation import DEFAULT_POLICY_ID
from models.incident import Incident
from models.integration import Integration
from models.postmortem import (
    Postmortem,
    PostmortemEditor,
    PostmortemIncident,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemService,
    PostmortemTarget,
    PostmortemTeam,
)
from models.team import Service, Team
from tests.stack import Person, Stack

BEGIN, END = date(1990, 1, 1), date(1992, 12, 31)
POSTMORTEMS, ITEMS = 260, 520
CAUSES = ("capacity", "change", "dependency", "Ünïcode & <b>cause</b>", None)
TYPES = ("PREVENT", "DETECT", "PROCESS", None)
HOURS = {"draft_started": 24, "draft_completed": 48, "review_completed": 168, "published": 336}


@dataclass(slots=True)
class ThreeYears:
    """``states`` are what each item was, and since when, oldest first."""

    stack: Stack
    member: Person
    random: Random = field(default_factory=lambda: Random(1990))
    teams: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    states: dict[str, list[tuple[datetime, str, date | None]]] = field(default_factory=dict)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """What a statement written by hand says: the first column of each row."""
        assert self.stack.direct is not None
        return self.stack.direct.rows(text(sql).bindparams(**values))

    def write(self, statement: Any, **values: Any) -> None:
        assert self.stack.direct is not None
        self.stack.direct.write(statement, **values)

    def insert(self, model: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            self.write(insert(model).values(rows))

    def some_time(self, days: float) -> timedelta:
        return timedelta(seconds=self.random.randrange(int(days * 86400)))


@contextmanager
def three_years(stack: Stack, member: Person, team_id: str) -> Iterator[ThreeYears]:
    """The member is in that team."""
    made = ThreeYears(stack, member)
    made.teams = [team_id, "team_an1", "team_an2"]
    made.services = [f"svc_an{n}" for n in range(3)]
    made.insert(Team, [{"id": one, "name": f"Analysts {one}"} for one in made.teams[1:]])
    made.insert(Service, [{"id": one, "name": f"analysed-{one[4:]}", "key": one} for one in made.services])
    _postmortems(made)
    _items(made)
    try:
        yield made
    finally:
        _delete(made)


def _postmortems(made: ThreeYears) -> None:
    rows = [_postmortem(made, f"pm_an{n:04}") for n in range(POSTMORTEMS)]
    made.insert(Postmortem, rows)
    for row in rows[::7]:  # taken back and published once more, which changes nothing about the first time
        if row["published_at"]:
            again = row["published_at"] + made.some_time(50)
            made.write(text("update postmortem set published_at = null where id = :id"), id=row["id"])
            made.write(text("update postmortem set published_at = :at where id = :id"), id=row["id"], at=again)
    ids = [row["id"] for row in rows]
    _links(made, ids)
    _targets(made, rows)


def _postmortem(made: ThreeYears, key: str) -> dict[str, Any]:
    random = made.random
    created = datetime.combine(BEGIN, datetime.min.time(), tzinfo=UTC) + made.some_time(365 * 3)
    started = created + made.some_time(2) if random.random() < 0.9 else None
    submitted = started + made.some_time(6) if started and random.random() < 0.85 else None
    reviewed = submitted + made.some_time(9) if submitted and random.random() < 0.85 else None
    published = reviewed + made.some_time(90) if reviewed and random.random() < 0.85 else None
    status = "DRAFT" if not submitted else "IN_REVIEW" if not published else random.choice(("PUBLISHED", "ARCHIVED"))
    return {
        "id": key,
        "status": status,
        "visibility": random.choice((None, None, "PRIVATE", "TEAM", "ORGANIZATION")),
        "title": f"Analysed {key}",
        "root_cause_category": random.choice(CAUSES),
        "author_id": made.member.id if random.random() < 0.05 else None,
        "policy_id": DEFAULT_POLICY_ID,
        "policy_version": 1,
        "incident_resolved_at": created - made.some_time(1) if random.random() < 0.7 else None,
        "draft_started_at": started,
        "submitted_at": submitted,
        "reviewed_at": reviewed,
        "published_at": published,
        "imported_from": {"import": "imp_an"} if random.random() < 0.15 else None,
        "workflow_started": True,
        "created_at": created,
        "updated_at": created,
    }


def _links(made: ThreeYears, ids: list[str]) -> None:
    random, me = made.random, made.member.id
    for model, column, values, chance in (
        (PostmortemTeam, "team_id", made.teams, 0.3),
        (PostmortemService, "service_id", made.services, 0.3),
        (PostmortemReviewer, "person_id", [me], 0.04),
        (PostmortemParticipant, "person_id", [me], 0.04),
    ):
        pairs = [(one, value) for one in ids for value in values if random.random() < chance]
        made.insert(model, [{"postmortem_id": one, column: value} for one, value in pairs])
    editors = [{"postmortem_id": one, "person_id": me, "level": "COMMENT"} for one in ids if random.random() < 0.04]
    made.insert(PostmortemEditor, editors)
    incident = {
        "id": "inc_an",
        "external_id": "an",
        "source": "generic",
        "title": "Again",
        "urgency": "HIGH",
        "registers": {},
    }
    made.insert(Incident, [incident | {"status": "OPEN", "started_at": datetime(1990, 1, 1, tzinfo=UTC)}])
    open_again = [one for one in ids if random.random() < 0.2]
    made.insert(PostmortemIncident, [{"postmortem_id": one, "incident_id": "inc_an"} for one in open_again])


def _targets(made: ThreeYears, rows: list[dict[str, Any]]) -> None:
    met = {
        "draft_started": "draft_started_at",
        "draft_completed": "submitted_at",
        "review_completed": "reviewed_at",
        "published": "published_at",
    }
    targets = []
    for row in rows:
        for name, hours in HOURS.items():
            due = row["created_at"] + timedelta(hours=hours)
            extended = due + made.some_time(20) if made.random.random() < 0.1 else None
            waived = due if row[met[name]] is None and made.random.random() < 0.2 else None
            targets.append(
                {
                    "postmortem_id": row["id"],
                    "name": name,
                    "due_at": due,
                    "met_at": row[met[name]],
                    "extended_to": extended,
                    "waived_at": waived,
                }
            )
    made.insert(PostmortemTarget, targets)


def _items(made: ThreeYears) -> None:
    random = made.random
    tickets = {"id": "int_an", "kind": "console", "name": "Analysed", "config": {}, "is_enabled": False}
    made.insert(Integration, [tickets])
    made.insert(ActionItem, [_item(made, f"ai_an{n:04}") for n in range(ITEMS)])
    linked = [one for one in made.states if random.random() < 0.4]
    made.insert(
        Ticket,
        [
            {
                "id": f"tkt_{one}",
                "action_item_id": one,
                "integration_id": "int_an",
                "tracker": "console",
                "external_id": one if random.random() < 0.8 else None,
                "link_state": "ok",
            }
            for one in linked
        ],
    )
    for _ in range(4):  # each time some of them change
        _change(made, [one for one in made.states if random.random() < 0.5])


def _item(made: ThreeYears, key: str) -> dict[str, Any]:
    created = datetime.combine(BEGIN, datetime.min.time(), tzinfo=UTC) + made.some_time(365 * 3)
    due = created.date() + made.some_time(60) if made.random.random() < 0.9 else None
    made.states[key] = [(created, "OPEN", due)]
    return {
        "id": key,
        "postmortem_id": f"pm_an{made.random.randrange(POSTMORTEMS):04}",
        "description": f"Do {key}",
        "owner_id": made.member.id if made.random.random() < 0.1 else None,
        "due_on": due,
        "type": made.random.choice(TYPES),
        "workflow_started": True,
        "created_at": created,
        "updated_at": created,
    }


def _change(made: ThreeYears, keys: list[str]) -> None:
    """Another status or another due date, some time later."""
    values = []
    for key in keys:
        at, status, due = made.states[key][-1]
        at += made.some_time(40)
        if made.random.random() < 0.6:
            status = made.random.choice(("OPEN", "IN_PROGRESS", "COMPLETED", "COMPLETED", "COMPLETED", "WONT_DO"))
        else:
            due = at.date() + made.some_time(60)
        made.states[key].append((at, status, due))
        values.append({"id": key, "at": at.isoformat(), "status": status, "due": due.isoformat() if due else None})
    made.write(CHANGE, changes=json.dumps(values))


CHANGE = text(
    """
    update action_item set
        status = change.status,
        due_on = change.due,
        justification = 'Because',
        completed_at = case when change.status <> 'COMPLETED' then null
            when action_item.status = 'COMPLETED' then completed_at else change.at end,
        updated_at = change.at
    from json_to_recordset(cast(:changes as json)) as change (id text, at timestamptz, status text, due date)
    where change.id = action_item.id
    """
)


def _delete(made: ThreeYears) -> None:
    for statement in (
        "delete from ticket where id like 'tkt_ai_an%'",
        "delete from postmortem where id like 'pm_an%'",
        "delete from incident where id = 'inc_an'",
        "delete from integration where id = 'int_an'",
        "delete from service where id like 'svc_an%'",
        "delete from team where id like 'team_an%'",
    ):
        made.write(text(statement))
