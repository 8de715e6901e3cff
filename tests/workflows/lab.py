"""A PostgreSQL, a Temporal whose workflows have clocks of their own, and a worker in this process."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import make_url, text, update
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment
from temporalio.testing._workflow import _V2WorkflowEnvironment
from temporalio.worker import Worker

from application.escalation.policies import add_policy
from application.people.people import add_person
from application.people.teams import add_team
from application.postmortems import opening
from application.postmortems.opening import NewPostmortem
from domain.access import Role, Viewer
from domain.escalation.policy import Office, Policy, Recipient, Step, StepKind
from domain.people.calendar import DAY_MINUTES, Calendar
from integrations.object_store import ObjectStore
from models.integration import Integration
from models.keyring import Keyring
from models.person import Person
from models.queries.escalation import policies
from models.queries.people import people
from models.queries.timeline import NewTimelineEvent
from models.session import Sessions, make_engine, make_sessions
from models.team import Service
from runtime.embedded import postgres
from tests.cli.running import ROOT
from tests.servers import TIME_SKIPPING, servers
from tests.workflows.board import Board
from tests.workflows.case import Case
from worker import build_workers
from workflows.postmortem import PostmortemStart, PostmortemWorkflow
from workflows.queues import TASK_QUEUE, tracker_queue

ALWAYS = Office(Calendar("UTC", (1, 2, 3, 4, 5, 6, 7), 0, DAY_MINUTES))
AT_DUE = Policy(
    "When it is due", steps=(Step(StepKind.DUE, 0, (Recipient.OWNER,)),), office=ALWAYS, stale_after_days=None
)
"""One step, for people who work around the clock: a reminder is sent at its time."""
ADMIN = Viewer("user_lab", Role.ADMIN)
KEYRING = Keyring("k")
STORE = ObjectStore("file:///tmp/afterword-nothing-here")
SECTIONS = {"summary": "S", "impact": "I", "root_cause": "R", "resolution": "F"}
SUGGEST_CONTINUE_AS_NEW = "limit.historyCount.suggestContinueAsNew=50"


async def alive() -> bool:
    """For a dispatch: a worker is there."""
    return True


@contextmanager
def migrated_postgres(folder: Path) -> Iterator[str]:
    with postgres.running(folder) as url:
        environment = os.environ | {"AFTERWORD_DATABASE_URL": url}
        command = [sys.executable, "-m", "cli.main", "migrate"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
        yield url


async def own_client(env: WorkflowEnvironment) -> Client:
    """For workers: one that is built holds its queue on its client, also if it never runs, and a second one of that
    queue is refused there."""
    target = env.client.service_client.config.target_host
    return await Client.connect(target, namespace=env.client.namespace, data_converter=pydantic_data_converter)


@dataclass(slots=True)
class Crew:
    """The worker of workflows and the one of messages; they can go home."""

    env: WorkflowEnvironment
    sessions: Sessions
    workers: list[Worker] = field(default_factory=list)

    async def come(self) -> None:
        self.workers = build_workers(await own_client(self.env), self.sessions, KEYRING, STORE, "http://x")[:2]
        for one in self.workers:
            await one.__aenter__()

    async def go(self) -> None:
        for one in self.workers:
            await one.shutdown()
        self.workers = []


@dataclass(frozen=True, slots=True)
class Lab:
    env: WorkflowEnvironment
    sessions: Sessions
    database_url: str
    crew: Crew

    @property
    def client(self) -> Client:
        return self.env.client

    async def fast_forward(self, handle: WorkflowHandle[Any, Any], span: timedelta) -> bool:
        """Moves the workflow's clock. The server leaps over a timer that is due while it hasn't fired yet: where the
        clock stopped at that very moment, it fires first."""
        while await self._fires_soon(handle):  # noqa: ASYNC110 - only the server knows
            await asyncio.sleep(0.01)
        return await self.env.fast_forward(handle, span)

    async def _fires_soon(self, handle: WorkflowHandle[Any, Any]) -> bool:
        waiting: dict[int, datetime] = {}
        async for event in handle.fetch_history_events():
            if event.HasField("timer_started_event_attributes"):
                started = event.timer_started_event_attributes
                span = started.start_to_fire_timeout.ToTimedelta()
                waiting[event.event_id] = event.event_time.ToDatetime(UTC) + span
            elif event.HasField("timer_fired_event_attributes"):
                del waiting[event.timer_fired_event_attributes.started_event_id]
            elif event.HasField("timer_canceled_event_attributes"):
                del waiting[event.timer_canceled_event_attributes.started_event_id]
        soon = await self.env.get_current_time(handle) + timedelta(seconds=1)
        return any(at < soon for at in waiting.values())

    @asynccontextmanager
    async def database_away(self) -> AsyncIterator[None]:
        """Nobody gets in, and whoever was in is thrown out."""
        url = make_url(self.database_url)
        admin = create_async_engine(url.set(database="template1"), isolation_level="AUTOCOMMIT")
        async with admin.connect() as connection:
            await connection.execute(text(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS false'))
            gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            await connection.execute(text(gone), {"name": url.database})
            try:
                yield
            finally:
                await connection.execute(text(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS true'))
        await admin.dispose()

    async def console(self, integration_id: str) -> Board:
        """A connection to a board of its own."""
        config = {"project": f"B{uuid4().hex[:8].upper()}"}
        secrets = KEYRING.seal({"webhookSecret": "s"})
        row = Integration(id=integration_id, kind="console", name="Board", config=config, secrets=secrets)
        async with self.sessions.begin() as session:
            session.add(row)
        return Board(self, integration_id, config)

    async def person(self, role: Role = Role.RESPONDER, **columns: Any) -> str:
        name = f"p{uuid4().hex[:12]}"
        async with self.sessions.begin() as session:
            await add_person(
                session, person_id=f"user_{name}", email=f"{name}@example.com", name=name, handle=name, role=role
            )
            if columns:
                await session.execute(update(Person).where(Person.id == f"user_{name}").values(**columns))
        return f"user_{name}"

    async def team(self, lead_id: str | None, *member_ids: str) -> str:
        team_id = f"team_{uuid4().hex[:12]}"
        async with self.sessions.begin() as session:
            await add_team(session, team_id=team_id, name=team_id, lead_id=lead_id, member_ids=member_ids)
        return team_id

    async def postmortem(
        self, policy: Policy = AT_DUE, team_ids: Sequence[str] = (), author_id: str | None = None, **columns: Any
    ) -> Case:
        """A draft that nobody has touched, of an incident resolved just now, with its workflow."""
        author_id = author_id or await self.person()
        resolved_at = datetime.now(UTC)
        new = NewPostmortem(
            id=f"pm_{uuid4().hex[:12]}",
            title="Payment API outage",
            author_id=author_id,
            columns=columns or SECTIONS,
            timeline=[NewTimelineEvent(resolved_at, "Resolved")],
            resolved_at=resolved_at,
            started_by_person=False,
            team_ids=team_ids,
            service_ids=[service_id := f"svc_{uuid4().hex[:12]}"],
        )
        async with self.sessions.begin() as session:
            session.add(Service(id=service_id, name=service_id))
            await session.flush()
            await add_policy(session, ADMIN, replace(policy, service_id=service_id), resolved_at)
            assert await opening.open_postmortem(session, None, new, resolved_at)
        handle = await self.client.start_workflow(
            PostmortemWorkflow.run, PostmortemStart.new(new.id), id=f"postmortem-{new.id}", task_queue=TASK_QUEUE
        )
        return Case(self, new.id, author_id, resolved_at, handle)


@asynccontextmanager
async def running_lab(database_url: str, *settings: str) -> AsyncIterator[Lab]:
    """``settings`` are further dynamic configuration of the server."""
    engine = make_engine(database_url)
    sessions = make_sessions(engine)
    async with sessions.begin() as session:
        await policies.ensure_default_policy(session)
        if await people.find_person(session, ADMIN.person_id) is None:
            await add_person(
                session,
                person_id=ADMIN.person_id,
                email="lab@example.com",
                name="Lab",
                handle="lab",
                role=Role.RESPONDER,
            )
    async with await _environment(settings) as env, AsyncExitStack() as stack:
        for one in build_workers(await own_client(env), sessions, KEYRING, STORE, "http://x"):
            if one.task_queue == tracker_queue("console"):
                await stack.enter_async_context(one)
        crew = Crew(env, sessions)
        await crew.come()
        yield Lab(env, sessions, database_url, crew)
        await crew.go()
    await engine.dispose()


class _Stays:
    """A server that others use too."""

    async def shutdown(self) -> None:
        pass


async def _environment(settings: Sequence[str]) -> WorkflowEnvironment:
    """In a namespace of the Temporal of all tests; with ``settings``, on a server of its own."""
    if not settings:
        shared = servers()
        client = await Client.connect(
            shared.temporal_address, namespace=shared.namespace(), data_converter=pydantic_data_converter
        )
        return _V2WorkflowEnvironment(client, _Stays(), TimeSkippingConfig(enabled=False))  # type: ignore[arg-type]
    dynamic = (*TIME_SKIPPING, "history.transferProcessorMaxPollRPS=1000", *settings)
    return await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=str(Path(sys.executable).parent / "temporal"),
        data_converter=pydantic_data_converter,
        dev_server_extra_args=[word for one in dynamic for word in ("--dynamic-config-value", one)],
    )
