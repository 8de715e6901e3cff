"""Scenarios of sign-in links, for the recorded histories."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHandle

from models.person import SignInMail
from tests.workflows.documents import worker_of
from tests.workflows.lab import Lab
from workflows.queues import NOTIFY_QUEUE, TASK_QUEUE
from workflows.sign_in_mail import SignInMailStart, SignInMailWorkflow

Recorded = AsyncIterator[tuple[str, WorkflowHandle[Any, Any]]]


async def sign_in_mail(lab: Lab) -> Recorded:
    """For an address that nobody has; the history is the same for one that somebody has."""
    mail_id = f"lnk_{uuid4().hex}"
    async with lab.sessions.begin() as session:
        session.add(SignInMail(id=mail_id, email="nobody@example.com", wanted="/"))
    async with worker_of(lab, NOTIFY_QUEUE):
        handle = await lab.client.start_workflow(
            SignInMailWorkflow.run, SignInMailStart(mail_id), id=f"sign-in-mail-{mail_id}", task_queue=TASK_QUEUE
        )
        await handle.result()
    yield "sign_in_mail", handle
