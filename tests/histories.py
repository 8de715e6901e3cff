"""What Temporal stores about a workflow, read as anyone with access to it can."""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client, WorkflowHistory

from tests.stack import Stack


def payloads(part: Any) -> Iterator[tuple[str, bytes]]:
    """Every payload of a history's JSON: its encoding and its data."""
    if isinstance(part, dict):
        metadata = part.get("metadata")
        if isinstance(metadata, dict) and "encoding" in metadata:
            yield base64.b64decode(metadata["encoding"]).decode(), base64.b64decode(part.get("data", ""))
        for one in part.values():
            yield from payloads(one)
    elif isinstance(part, list):
        for one in part:
            yield from payloads(one)


def history(stack: Stack, workflow_id: str) -> WorkflowHistory:
    async def read() -> WorkflowHistory:
        client = await Client.connect(stack.temporal_address, namespace=stack.namespace)
        return await client.get_workflow_handle(workflow_id).fetch_history()

    return asyncio.run(read())


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a workflow. ``kept`` is all that Temporal keeps of it: history, memo, summaries, attributes."""

    workflow_id: str
    run_id: str
    kept: bytes
    largest_payload: int


def all_runs(stack: Stack) -> list[Run]:
    """Of every workflow, also those that are closed or were continued as new."""

    async def read() -> list[Run]:
        client = await Client.connect(stack.temporal_address, namespace=stack.namespace)
        found = []
        async for one in client.list_workflows():
            handle = client.get_workflow_handle(one.id, run_id=one.run_id)
            told, described = await handle.fetch_history(), await handle.describe()
            kept = b"".join(event.SerializeToString() for event in told.events)
            sizes = [len(data) for _, data in payloads(json.loads(told.to_json()))]
            found.append(
                Run(
                    one.id,
                    one.run_id,
                    kept + described.raw_description.SerializeToString(),
                    max(sizes, default=0),
                )
            )
        return found

    return asyncio.run(read())
