"""An older database gets the history of its action items from the audit log, and marks what the log doesn't tell."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.escalation import DEFAULT_POLICY_ID
from tests.cli.running import ROOT
from tests.database import Database
from tests.servers import servers

BEFORE = "0017"
DAY = datetime(2026, 5, 1, 12, tzinfo=UTC)
MAY, JUNE, JULY = "2026-05-31", "2026-06-30", "2026-07-31"

POSTMORTEM = text(
    "insert into postmortem (id, content_revision, status, title, impact_metrics, custom_fields, tags, policy_id,"
    " policy_version, publish_on_approval, workflow_started, published_at)"
    " values (:id, 1, 'DRAFT', 't', '{}', '{}', '{}', :policy, 1, false, true, :published)"
)
ITEM = text(
    "insert into action_item (id, postmortem_id, description, priority, status, justification, due_on, due_on_moves,"
    " workflow_started, created_at) values (:id, 'pm', 'd', 'LOW', :status, 'j', :due, :moves, true, :at)"
)
ENTRY = text(
    "insert into audit_entry (at, origin, action, entity_kind, entity_id, before, after)"
    " values (:at, 'api', :action, :kind, :id, cast(:before as jsonb), cast(:after as jsonb))"
)
HISTORY = (
    "select coalesce(json_agg(json_build_array(status, due_on, known) order by id), '[]')"
    " from action_item_history where action_item_id = :id"
)
FIRST_DUE = "select json_build_array(first_due_on, first_due_on_known) from action_item where id = :id"
FIRST_PUBLISHED = "select json_build_array(first_published_at, first_published_at_known) from postmortem where id = :id"


class OldData:
    """Rows of before, with what the audit log still holds of them: one entry a day."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.at = DAY
        self.database = Database(url)

    def upgrade(self, revision: str) -> None:
        command = [sys.executable, "-m", "alembic", "upgrade", revision]
        env = {**os.environ, "AFTERWORD_DATABASE_URL": self.url}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def postmortem(self, key: str, published: datetime | None, *logged: str) -> None:
        self.database.write(POSTMORTEM, id=key, policy=DEFAULT_POLICY_ID, published=published)
        for action in logged:
            self.log(f"postmortem.{action}", "postmortem", key)

    def item(self, key: str, status: str, due_on: str | None, moves: int = 0) -> None:
        due = date.fromisoformat(due_on) if due_on else None
        self.database.write(ITEM, id=key, status=status, due=due, moves=moves, at=DAY)

    def created(self, key: str, **after: str) -> None:
        self.log("action_item.created", "action_item", key, after={"description": "d", **after})

    def changed(self, key: str, **changes: tuple[str | None, str | None]) -> None:
        before, after = ({name: pair[side] for name, pair in changes.items()} for side in (0, 1))
        self.log("action_item.updated", "action_item", key, before, after)

    def log(self, action: str, kind: str, key: str, before: Any = None, after: Any = None) -> None:
        self.at += timedelta(days=1)
        values = {"before": json.dumps(before), "after": json.dumps(after)}
        self.database.write(ENTRY, at=self.at, action=action, kind=kind, id=key, **values)

    def read(self, statement: str, key: str) -> Any:
        return self.database.rows(text(statement).bindparams(id=key))[0]


@pytest.fixture(scope="module")
def old() -> Iterator[OldData]:
    one = OldData(servers().database("template0"))
    one.upgrade(BEFORE)
    one.postmortem("pm", None, "created")
    whole(one)
    incomplete(one)
    published(one)
    one.upgrade("head")
    yield one
    one.database.close()


def whole(old: OldData) -> None:
    old.item("moved", "COMPLETED", JULY, moves=2)
    old.created("moved", status="OPEN", due_on=MAY)
    old.changed("moved", due_on=(MAY, JUNE))
    old.changed("moved", description=("d", "e"))
    old.changed("moved", status=("OPEN", "COMPLETED"), due_on=(JUNE, JULY))
    old.item("dated later", "OPEN", JUNE)
    old.created("dated later", status="OPEN")
    old.changed("dated later", due_on=(None, JUNE))
    old.item("never dated", "OPEN", None)
    old.created("never dated", status="OPEN")


def incomplete(old: OldData) -> None:
    old.item("no entry", "OPEN", MAY)
    old.item("no entry and moved", "OPEN", MAY, moves=1)
    old.item("no creation", "WONT_DO", JULY, moves=2)
    old.changed("no creation", due_on=(JUNE, JULY))
    old.changed("no creation", status=("OPEN", "WONT_DO"))
    old.item("gap", "OPEN", JULY, moves=2)
    old.created("gap", status="OPEN", due_on=MAY)
    old.changed("gap", due_on=(JUNE, JULY))
    old.item("other row", "COMPLETED", MAY)
    old.created("other row", status="OPEN", due_on=MAY)


def published(old: OldData) -> None:
    old.postmortem("once", DAY, "created", "published")
    old.postmortem("again", DAY + timedelta(days=200), "created", "published", "changes_requested", "published")
    old.postmortem("taken back", None, "created", "published", "changes_requested")
    old.postmortem("log is cut", DAY, "published")
    old.postmortem("no log", DAY)


@pytest.mark.parametrize(
    ("item", "states", "first_due"),
    [
        ("moved", [["OPEN", MAY, True], ["OPEN", JUNE, True], ["COMPLETED", JULY, True]], [MAY, True]),
        ("dated later", [["OPEN", None, True], ["OPEN", JUNE, True]], [JUNE, True]),
        ("never dated", [["OPEN", None, True]], [None, True]),
        ("no entry", [["OPEN", MAY, False]], [MAY, True]),
        ("no entry and moved", [["OPEN", MAY, False]], [None, False]),
        ("no creation", [["OPEN", JUNE, False], ["OPEN", JULY, False], ["WONT_DO", JULY, True]], [None, False]),
        ("gap", [["OPEN", MAY, True], ["OPEN", JUNE, False], ["OPEN", JULY, True]], [MAY, True]),
        ("other row", [["OPEN", MAY, True], ["COMPLETED", MAY, False]], [MAY, True]),
    ],
)
def test_history_is_what_the_audit_log_tells(old: OldData, item: str, states: Any, first_due: Any) -> None:
    assert old.read(HISTORY, item) == states
    assert old.read(FIRST_DUE, item) == first_due


def test_a_state_begins_when_the_log_says(old: OldData) -> None:
    entries = "select json_agg(at order by id) from audit_entry where entity_id = :id and after::text !~ 'description'"
    history = "select json_agg(at order by id) from action_item_history where action_item_id = :id"
    began = [datetime.fromisoformat(one) for one in old.read(history, "moved")]
    assert began == [DAY, *(datetime.fromisoformat(one) for one in old.read(entries, "moved"))]


def test_first_publication_is_the_first_in_the_log(old: OldData) -> None:
    def first(key: str) -> tuple[datetime | None, bool]:
        at, known = old.read(FIRST_PUBLISHED, key)
        return at and datetime.fromisoformat(at), known

    logged = (
        "select json_build_array(min(at)) from audit_entry where entity_id = :id and action = 'postmortem.published'"
    )
    for key in ("again", "taken back"):
        assert first(key) == (datetime.fromisoformat(old.read(logged, key)[0]), True)
    assert first("once") == (DAY, True)
    assert first("log is cut") == first("no log") == (None, False)
    assert first("pm") == (None, True)


def test_what_is_not_known_stays_so(old: OldData) -> None:
    """A later due date of an item whose first one is not known is not the first."""
    change = text("update action_item set due_on = :due, updated_at = now() where id = :id")
    old.database.write(change, id="no entry and moved", due=date(2027, 1, 1))
    assert old.read(FIRST_DUE, "no entry and moved") == [None, False]
    assert old.read(HISTORY, "no entry and moved")[-1] == ["OPEN", "2027-01-01", True]
