"""What Temporal itself costs: a trivial workflow's update with one local activity, and a bare signal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench.load import Processes, Taken, load_calls
from tests.stack import Stack


@activity.defn
async def nothing() -> None: ...


@workflow.defn
class Trivial:
    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.update
    async def touch(self) -> None:
        await workflow.execute_local_activity(nothing, start_to_close_timeout=timedelta(seconds=5))

    @workflow.signal
    def tell(self, number: int) -> None: ...


@asynccontextmanager
async def trivial_workflows(stack: Stack, count: int) -> AsyncIterator[list[WorkflowHandle[Any, Any]]]:
    client = await Client.connect(stack.temporal_address)
    queue = f"bench-{uuid4().hex[:6]}"
    async with Worker(
        client, task_queue=queue, workflows=[Trivial], activities=[nothing], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        handles = [
            await client.start_workflow(Trivial.run, id=f"{queue}-{one}", task_queue=queue) for one in range(count)
        ]
        for one in handles:
            await one.execute_update(Trivial.touch)
        yield handles
        for one in handles:
            await one.terminate()


async def bare_commands(stack: Stack, count: int, clients: int, processes: Processes) -> Taken:
    async with trivial_workflows(stack, clients) as handles:
        return await load_calls(count, lambda n: handles[n % clients].execute_update(Trivial.touch), clients, processes)


async def bare_signals(stack: Stack, count: int, clients: int, processes: Processes) -> Taken:
    async with trivial_workflows(stack, clients) as handles:
        return await load_calls(count, lambda n: handles[n % clients].signal(Trivial.tell, n), clients, processes)
