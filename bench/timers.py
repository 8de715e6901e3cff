"""``python -m bench.timers [COUNT [SECONDS]]``: that many open postmortems, each a workflow with its timer.

They are opened as continue-as-new opens them, with what the workflow before them knew.

Tells how fast they open, what their one worker takes of memory, and how late the timers of some of them fire, which
fall due within so many seconds, ten in each, while all others wait: from the due instant of a nudge to its row in the
inbox, whose id says when the worker wrote it.
"""

import asyncio
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, text
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from ulid import ULID

from domain.escalation.deadlines import Alarm, Deadline
from domain.postmortems.lifecycle import Status
from domain.postmortems.snapshots import PostmortemSnapshot
from models.notification import Notice
from models.session import Sessions, make_engine, make_sessions
from tests.stack import Stack, running_stack
from workflows.postmortem import PostmortemStart, PostmortemWorkflow
from workflows.queues import TASK_QUEUE

COUNT, SECONDS, PER_SECOND, AT_ONCE = 50_000, 300, 10, 10
OFFICE = (
    '{"zone": "UTC", "days": [1, 2, 3, 4, 5, 6, 7], "opens": 0, "closes": 1440, "country": null, "region": null,'
    ' "holidays": [], "closed_on": []}'
)
STATEMENTS = (
    """insert into policy (id, version, is_current, name, hours, ladder, office, min_reviewers)
       values ('pol_timers', 1, false, 'Timers', '{"published": 336}',
               '[{"kind": "DUE", "amount": 0, "asks": ["OWNER"]}]', cast(:office as jsonb), 1)""",
    """insert into person (id, email, name, handle, role, is_active, time_zone, notification_preferences)
       select 'user_t' || n, 't' || n || '@example.com', 'T' || n, 't' || n, 'RESPONDER', true, 'UTC', '{}'
       from generate_series(1, 500) as n""",
    """insert into postmortem (id, content_revision, status, title, impact_metrics, custom_fields, tags, author_id,
           policy_id, policy_version, publish_on_approval, workflow_started)
       select 'pm_t' || n, 1, 'DRAFT', 'Timer ' || n, '{}', '{}', '{}', 'user_t' || (1 + mod(n, 500)),
           'pol_timers', 1, false, true
       from generate_series(1, :count) as n""",
    """insert into postmortem_target (postmortem_id, name, due_at, slips)
       select 'pm_t' || n, 'published', now() + interval '3 days', 0 from generate_series(1, :count) as n""",
)


def memory(pid: int) -> int:
    """Resident, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) // 1024


async def open_all(client: Client, count: int) -> float:
    """As fast as the worker takes them: a queue that grows long would cost the server more than the workflows."""
    begun, waiting = time.monotonic(), iter(range(1, count + 1))
    due = Deadline("published", datetime.now(UTC) + timedelta(days=3))

    async def open_some() -> None:
        for number in waiting:
            known = PostmortemSnapshot(
                f"pm_t{number}", number, 1, Status.DRAFT, deadlines=(due,), alarm=Alarm(due.at, due.name)
            )
            start = PostmortemStart.new(known.id, known)
            await client.start_workflow(
                PostmortemWorkflow.run, start, id=f"postmortem-{known.id}", task_queue=TASK_QUEUE
            )
            if number % AT_ONCE == 0:
                await wait_until_taken(client, 10 * AT_ONCE)
            if number % (count // 10) == 0:
                print(f"  {number} after {time.monotonic() - begun:.0f} s", flush=True)

    await asyncio.gather(*(open_some() for _ in range(AT_ONCE)))
    await wait_until_taken(client, 0)
    await asyncio.sleep(5)
    for number in random.Random(7).sample(range(1, count + 1), min(count, 100)):
        history = await client.get_workflow_handle(f"postmortem-pm_t{number}").fetch_history()
        assert any(one.HasField("timer_started_event_attributes") for one in history.events), number
    return time.monotonic() - begun


async def wait_until_taken(client: Client, left: int) -> None:
    asked = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        report_stats=True,
    )
    while True:
        told = await client.workflow_service.describe_task_queue(asked)
        if told.stats.approximate_backlog_count <= left:
            return
        await asyncio.sleep(0.1)


async def move_due(sessions: Sessions, client: Client, firing: int, window: timedelta) -> datetime:
    """The first of them are due within the window, evenly; their workflows are told, which re-arms each timer."""
    begin = datetime.now(UTC) + timedelta(seconds=30 + firing / 15)
    async with sessions.begin() as session:
        await session.execute(
            text(
                "update postmortem_target set due_at = cast(:begin as timestamptz)"
                " + make_interval(secs => cast(:seconds as float8) * substr(postmortem_id, 5)::int / :firing)"
                " where postmortem_id like 'pm_t%' and substr(postmortem_id, 5)::int <= :firing"
            ),
            {"begin": begin, "seconds": window.total_seconds(), "firing": firing},
        )
    waiting = iter(range(1, firing + 1))

    async def tell_some() -> None:
        for number in waiting:
            await client.get_workflow_handle(f"postmortem-pm_t{number}").signal(PostmortemWorkflow.look_again)

    await asyncio.gather(*(tell_some() for _ in range(AT_ONCE)))
    return begin


async def lateness(sessions: Sessions) -> list[float]:
    statement = (
        "select n.id, t.due_at from notice n join postmortem_target t"
        " on t.postmortem_id = n.postmortem_id and t.name = n.target where n.kind = 'target_due'"
    )
    async with sessions.begin() as session:
        rows = (await session.execute(text(statement))).all()
    return sorted((written(notice_id) - due_at).total_seconds() for notice_id, due_at in rows)


def written(notice_id: str) -> datetime:
    return ULID.from_str(notice_id.partition("_")[2].upper()).datetime


async def measure(stack: Stack, count: int, window: timedelta) -> None:
    engine = make_engine(stack.database_url)
    sessions = make_sessions(engine)
    client = await Client.connect(stack.temporal_address, data_converter=pydantic_data_converter)
    worker, temporal = stack.process("worker").pid, stack.process("temporal").pid
    print(f"worker before: {memory(worker)} MB", flush=True)
    async with sessions.begin() as session:
        for statement in STATEMENTS:
            given = {"count": count, "office": OFFICE}
            names = [name for name in given if f":{name}" in statement]
            await session.execute(text(statement.replace("::", "\\:\\:")), {name: given[name] for name in names})
    taken = await open_all(client, count)
    print(f"{count} opened in {taken:.0f} s, each with its timer: {count / taken:.0f} a second", flush=True)
    print(f"worker: {memory(worker)} MB; Temporal: {memory(temporal)} MB", flush=True)
    firing = min(count // 10, PER_SECOND * int(window.total_seconds()))
    begin = await move_due(sessions, client, firing, window)
    print(
        f"{firing} of them fire from {begin:%H:%M:%S} on, for {window}; it is {datetime.now(UTC):%H:%M:%S}", flush=True
    )
    peak = 0
    while (datetime.now(UTC) < begin + window + timedelta(seconds=20)) or len(await lateness(sessions)) < firing:
        peak = max(peak, memory(worker))
        if datetime.now(UTC) > begin + window + timedelta(minutes=5):
            break
        await asyncio.sleep(2)
    late = await lateness(sessions)
    shares = (("best", 0.0), ("median", 0.5), ("p95", 0.95), ("p99", 0.99), ("worst", 1.0))
    at = {name: late[min(len(late) - 1, int(len(late) * share))] for name, share in shares}
    told = ", ".join(f"{name} {value:.2f} s" for name, value in at.items())
    print(f"{len(late)} fired, late by {told}", flush=True)
    print(f"worker meanwhile: {peak} MB", flush=True)
    async with sessions.begin() as session:
        twice = select(func.count(), func.count(Notice.dedupe_key.distinct())).where(Notice.kind == "target_due")
        print("notices, and occasions:", tuple((await session.execute(twice)).one()), flush=True)
    await engine.dispose()


def main() -> None:
    count, seconds = (int(one) for one in (*sys.argv[1:], *(str(COUNT), str(SECONDS))[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as stack:
        asyncio.run(measure(stack, count, timedelta(seconds=seconds)))


if __name__ == "__main__":
    main()
