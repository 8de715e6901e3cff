"""One postmortem in the lab, what is done to it, and what the database says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import func, select
from temporalio.client import WorkflowHandle

from application.action_items.items import add_item
from domain.access import Role, Viewer
from domain.action_items.commands import ActionItemAction, ActionItemCommand
from domain.action_items.snapshots import ActionItemSnapshot
from domain.escalation.targets import TargetName, TargetState
from domain.postmortems.commands import PostmortemAction, PostmortemCommand
from domain.postmortems.snapshots import PostmortemSnapshot
from models.action_item import ActionItem
from models.audit import CommandLog
from models.escalation import SentReminder
from models.notification import Notice
from models.postmortem import Comment, Postmortem, PostmortemReviewer, PostmortemTarget
from models.queries.audit import command_log
from models.queries.escalation.targets import target_of
from models.queries.postmortems import postmortems
from workflows.action_item import ActionItemStart, ActionItemWorkflow
from workflows.postmortem import PostmortemWorkflow
from workflows.queues import TASK_QUEUE

if TYPE_CHECKING:
    from tests.workflows.board import Board
    from tests.workflows.lab import Lab


@dataclass(frozen=True, slots=True)
class Case:
    """One postmortem, its author, and its workflow with its clock."""

    lab: "Lab"
    id: str
    author_id: str
    resolved_at: datetime
    handle: WorkflowHandle[Any, Any]

    # Time

    async def now(self) -> datetime:
        return await self.lab.env.get_current_time(self.handle)

    async def let_pass(self, **until: float) -> datetime:
        """Moves the clock to that long after the resolution."""
        ahead = self.resolved_at + timedelta(**until) - await self.now()
        assert await self.lab.fast_forward(self.handle, ahead)
        return await self.now()

    def after(self, **since: float) -> datetime:
        return self.resolved_at + timedelta(**since)

    # Commands

    async def command(
        self,
        action: PostmortemAction,
        *,
        actor_id: str | None = None,
        words: Mapping[str, str] | None = None,
        request_id: str | None = None,
        **fields: Any,
    ) -> PostmortemSnapshot:
        request_id = request_id or uuid4().hex
        if words:
            async with self.lab.sessions.begin() as session:
                await command_log.stage_command(session, request_id, self.author_id, words, seconds=None, most=None)
        command = PostmortemCommand(
            self.id, action, request_id, actor_id or self.author_id, has_words=bool(words), **fields
        )
        return await self.handle.execute_update(PostmortemWorkflow.command, command)

    async def ready(self, due_on: date | None = None) -> str:
        """What submitting asks for beside the sections: an action item; gives its id."""
        item_id = f"ai_{uuid4().hex[:12]}"
        viewer = Viewer(self.author_id, Role.RESPONDER)
        now = await self.now()
        values = {
            "description": "Alert at 80 %",
            "owner_id": self.author_id,
            "due_on": due_on or (now + timedelta(days=30)).date(),
            "priority": "HIGH",
        }
        async with self.lab.sessions.begin() as session:
            seen = await postmortems.get_visible(session, viewer, self.id)
            await add_item(session, viewer, seen, item_id, values, now)
        return item_id

    async def submit(self, *reviewer_ids: str) -> PostmortemSnapshot:
        await self.ready()
        return await self.command(PostmortemAction.SUBMIT, person_ids=reviewer_ids)

    async def start_item(self, item_id: str, deliveries: tuple[int, ...] = ()) -> WorkflowHandle[Any, Any]:
        start = ActionItemStart.new(item_id, deliveries=deliveries)
        return await self.lab.client.start_workflow(
            ActionItemWorkflow.run, start, id=f"action-item-{item_id}", task_queue=TASK_QUEUE
        )

    async def with_ticket(self) -> tuple[str, WorkflowHandle[Any, Any], "Board"]:
        """An action item with a ticket on a board of its own: its id, its workflow, and the board."""
        item_id = await self.ready()
        handle, board = await self.start_item(item_id), await self.lab.console(f"int_{item_id}")
        await self.command_item(handle, item_id, ActionItemAction.OPEN_TICKET, integration_id=board.integration_id)
        await board.shows(item_id, title="Alert at 80 %")
        return item_id, handle, board

    async def command_item(
        self,
        handle: WorkflowHandle[Any, Any],
        item_id: str,
        action: ActionItemAction,
        words: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> ActionItemSnapshot:
        request_id = uuid4().hex
        if words:
            async with self.lab.sessions.begin() as session:
                await command_log.stage_command(session, request_id, self.author_id, words, seconds=None, most=None)
        command = ActionItemCommand(item_id, action, request_id, self.author_id, has_words=bool(words), **fields)
        return await handle.execute_update(ActionItemWorkflow.command, command)

    # What the database says

    async def states(self, now: datetime) -> dict[TargetName, TargetState]:
        async with self.lab.sessions.begin() as session:
            statement = select(PostmortemTarget).where(PostmortemTarget.postmortem_id == self.id)
            rows = (await session.execute(statement)).scalars()
            return {TargetName(row.name): target_of(row).state(now) for row in rows}

    async def notices(self, kind: str = "target_due") -> list[Notice]:
        async with self.lab.sessions.begin() as session:
            statement = select(Notice).where(Notice.postmortem_id == self.id, Notice.kind == kind)
            return list((await session.execute(statement.order_by(Notice.created_at, Notice.id))).scalars())

    async def comment(self, author_id: str, at: datetime, parent_id: str | None = None) -> str:
        comment_id = f"cmt_{uuid4().hex[:12]}"
        async with self.lab.sessions.begin() as session:
            session.add(
                Comment(
                    id=comment_id,
                    postmortem_id=self.id,
                    author_id=author_id,
                    parent_id=parent_id,
                    body="Why?",
                    created_at=at,
                    updated_at=at,
                )
            )
        return comment_id

    async def steps(self, target: str | None = None) -> list[SentReminder]:
        """What the ladder remembers, oldest first."""
        async with self.lab.sessions.begin() as session:
            statement = select(SentReminder).where(SentReminder.postmortem_id == self.id)
            if target:
                statement = statement.where(SentReminder.target == target)
            return list((await session.execute(statement.order_by(SentReminder.sent_at, SentReminder.step))).scalars())

    async def nudged(self) -> list[str | None]:
        return [one.target for one in await self.notices()]

    async def row(self) -> Postmortem:
        async with self.lab.sessions.begin() as session:
            return await session.get_one(Postmortem, self.id)

    async def item(self, item_id: str) -> ActionItem:
        async with self.lab.sessions.begin() as session:
            return await session.get_one(ActionItem, item_id)

    async def commands_logged(self) -> int:
        async with self.lab.sessions.begin() as session:
            statement = select(func.count()).where(CommandLog.entity_id == self.id)
            return (await session.execute(statement)).scalar_one()

    async def reviewers(self) -> set[str]:
        async with self.lab.sessions.begin() as session:
            statement = select(PostmortemReviewer.person_id).where(PostmortemReviewer.postmortem_id == self.id)
            return set((await session.execute(statement)).scalars())
