"""A process that starts while Temporal is away."""

import socket

from temporalio.client import Client

from runtime.dispatch import Dispatch
from tests.workflows.lab import alive


async def test_what_cannot_be_sent_is_left_to_the_background_jobs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = await Client.connect(f"127.0.0.1:{port}", lazy=True)
    dispatch = Dispatch(client, alive)
    assert not await dispatch.signal_ticket_event("ai_1", 1)
    assert not await dispatch.start_postmortem("pm_1")
