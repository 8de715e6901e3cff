"""Postmortems inserted into the database directly: many, of any visibility and relation, faster than by HTTP."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert

from domain.access import EditorLevel, Relation, Visibility
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.content import Section
from models.escalation import DEFAULT_POLICY_ID
from models.postmortem import (
    Comment,
    Postmortem,
    PostmortemEditor,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemService,
    PostmortemTeam,
    TimelineEvent,
)
from models.session import Session, Sessions, make_engine, make_sessions
from tests.stack import Stack

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """A postmortem to be. ``held`` is what ``viewer`` is to it; ``word`` goes into one place only."""

    status: Status = Status.DRAFT
    visibility: Visibility | None = None
    held: Collection[Relation] = ()
    has_team: bool = False
    place: str = "title"
    word: str = "word"
    services: Collection[str] = ()
    id: str = field(default_factory=lambda: f"pm_{uuid4().hex}")


@dataclass(frozen=True)
class Cast:
    """Who is who: the viewer and the viewer's team, and somebody else with another team."""

    viewer_id: str
    team_id: str
    other_id: str
    other_team_id: str


@asynccontextmanager
async def sessions_of(stack: Stack) -> AsyncIterator[Sessions]:
    engine = make_engine(stack.database_url, connections=2)
    try:
        yield make_sessions(engine)
    finally:
        await engine.dispose()


async def put(session: Session, cast: Cast, row: Row) -> None:
    author = cast.viewer_id if Relation.AUTHOR in row.held else cast.other_id
    word = {row.place: row.word}
    await session.execute(
        insert(Postmortem).values(
            id=row.id,
            title=f"Postmortem {word.get('title', '')}".strip(),
            status=row.status.value,
            visibility=row.visibility.value if row.visibility else None,
            author_id=author,
            policy_id=DEFAULT_POLICY_ID,
            policy_version=1,
            workflow_started=True,
            tags=[word["tag"]] if "tag" in word else [],
        )
    )
    key = {"postmortem_id": row.id}
    teams = ([cast.team_id] if Relation.TEAM in row.held else []) + ([cast.other_team_id] if row.has_team else [])
    links: list[tuple[Any, dict[str, Any]]] = [(PostmortemTeam, {"team_id": one}) for one in teams]
    links += [(PostmortemService, {"service_id": one}) for one in row.services]
    for relation, level in ((Relation.EDITOR, EditorLevel.EDIT), (Relation.COMMENTER, EditorLevel.COMMENT)):
        if relation in row.held:
            links.append((PostmortemEditor, {"person_id": cast.viewer_id, "level": level.value}))
    if Relation.REVIEWER in row.held:
        links.append((PostmortemReviewer, {"person_id": cast.viewer_id}))
    if Relation.PARTICIPANT in row.held:
        links.append((PostmortemParticipant, {"person_id": cast.viewer_id}))
    if "section" in word:
        links.append((Section, {"name": "impact", "body": f"Some {row.word} here", "revision": 1}))
    if "timeline" in word:
        event = {"id": f"evt_{uuid4().hex}", "at": NOW, "event": row.word, "type": "OTHER", "source": "manual"}
        links.append((TimelineEvent, event))
    if "comment" in word:
        links.append((Comment, {"id": f"cmt_{uuid4().hex}", "author_id": cast.other_id, "body": row.word}))
    if "actionItem" in word:
        item = {"id": f"ai_{uuid4().hex}", "owner_id": cast.other_id, "description": row.word}
        links.append((ActionItem, {**item, "workflow_started": True}))
    for table, values in links:
        await session.execute(insert(table).values(**key, **values))
