"""Scenarios of archives, imports, copies in other systems, e-mails to customers, and sign-in links."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import update
from temporalio.client import WorkflowHandle

from domain.access import Visibility
from domain.documents.jobs import KEPT_FOR, JobKind
from domain.postmortems.lifecycle import Status
from domain.sharing.mailing import LOOK_AGAIN
from domain.sharing.publications import PublicationTrigger
from models.documents import Job
from models.integration import Integration
from models.person import SignInMail
from models.postmortem import Postmortem
from models.sharing import CustomerEmail, CustomerEmailRecipient, Publication, PublicSummary
from tests.workflows.lab import ADMIN, KEYRING, STORE, Lab, own_client
from worker import build_workers
from workflows.customer_email import CustomerEmailStart, CustomerEmailWorkflow
from workflows.export_job import ExportStart, ExportWorkflow
from workflows.import_job import ImportStart, ImportWorkflow
from workflows.publication import PublicationStart, PublicationWorkflow
from workflows.queues import DOCUMENTS_QUEUE, NOTIFY_QUEUE, PUBLICATIONS_QUEUE, TASK_QUEUE
from workflows.sign_in_mail import SignInMailStart, SignInMailWorkflow

Recorded = AsyncIterator[tuple[str, WorkflowHandle[Any, Any]]]
NOWHERE = "http://localhost:9"


@asynccontextmanager
async def worker_of(lab: Lab, queue: str) -> AsyncIterator[None]:
    workers = build_workers(await own_client(lab.env), lab.sessions, KEYRING, STORE, "http://x")
    (one,) = [worker for worker in workers if worker.task_queue == queue]
    async with one:
        yield


async def export_done(lab: Lab) -> Recorded:
    """An archive of no postmortem."""
    now = datetime.now(UTC)
    job = Job(
        id=f"exp_{uuid4().hex}",
        kind=JobKind.EXPORT.value,
        scope={"scope": "POSTMORTEMS", "postmortemIds": [], "comments": False},
        formats=["md"],
        created_by=ADMIN.person_id,
        created_at=now,
        expires_at=now + KEPT_FOR,
    )
    async with lab.sessions.begin() as session:
        session.add(job)
    async with worker_of(lab, DOCUMENTS_QUEUE):
        handle = await lab.client.start_workflow(
            ExportWorkflow.run, ExportStart(job.id), id=f"export-{job.id}", task_queue=TASK_QUEUE
        )
        await handle.result()
    yield "export_done", handle


async def import_failed(lab: Lab) -> Recorded:
    """Of a file that isn't in the store."""
    job = Job(
        id=f"imp_{uuid4().hex}",
        kind=JobKind.IMPORT.value,
        scope={"source": "file", "filename": "gone.md", "keep": False},
        created_by=ADMIN.person_id,
        created_at=datetime.now(UTC),
        expires_at=datetime.now(UTC) + KEPT_FOR,
    )
    async with lab.sessions.begin() as session:
        session.add(job)
    async with worker_of(lab, DOCUMENTS_QUEUE):
        handle = await lab.client.start_workflow(
            ImportWorkflow.run, ImportStart(job.id), id=f"import-{job.id}", task_queue=TASK_QUEUE
        )
        await handle.result()
    yield "import_failed", handle


async def customer_email_stopped(lab: Lab) -> Recorded:
    """It waits for a mail connection, until its postmortem is made private."""
    case, email_id = await lab.postmortem(), f"mail_{uuid4().hex}"
    await case.handle.terminate()
    now, text = datetime.now(UTC), "# Payments failed\n\nFor ten minutes."
    await _becomes(lab, case.id, Visibility.ORGANIZATION)
    async with lab.sessions.begin() as session:
        session.add(
            PublicSummary(postmortem_id=case.id, text=text, approved_at=now, approved_revision=1, published_at=now)
        )
        email = CustomerEmail(
            id=email_id,
            postmortem_id=case.id,
            subject="Payments failed",
            text=text,
            summary_version=1,
            created_by_id=case.author_id,
        )
        session.add(email)
        await session.flush()
        address = KEYRING.seal({"address": "customer@example.com"})
        session.add(CustomerEmailRecipient(email_id=email_id, ordinal=1, address=address, address_hash=b"1"))
    async with worker_of(lab, NOTIFY_QUEUE):
        handle = await lab.client.start_workflow(
            CustomerEmailWorkflow.run,
            CustomerEmailStart(email_id),
            id=f"customer-email-{email_id}",
            task_queue=TASK_QUEUE,
        )
        await lab.fast_forward(handle, LOOK_AGAIN * 3)
        await _becomes(lab, case.id, Visibility.PRIVATE)
        await lab.fast_forward(handle, LOOK_AGAIN * 3)
        await handle.result()
    yield "customer_email_stopped", handle


async def _becomes(lab: Lab, postmortem_id: str, visibility: Visibility) -> None:
    """Published, and seen by whom."""
    final = {"status": Status.PUBLISHED.value, "visibility": visibility.value}
    async with lab.sessions.begin() as session:
        await session.execute(update(Postmortem).where(Postmortem.id == postmortem_id).values(**final))


async def publication_refused(lab: Lab) -> Recorded:
    """Through a connection without a token."""
    handle = await _publication(lab, {})
    async with worker_of(lab, PUBLICATIONS_QUEUE):
        await handle.result()
    yield "publication_refused", handle


async def publication_given_up(lab: Lab) -> Recorded:
    """To a system that doesn't answer for a day."""
    handle = await _publication(lab, {"apiToken": "x"})
    async with worker_of(lab, PUBLICATIONS_QUEUE):
        await lab.fast_forward(handle, timedelta(days=2))
        await handle.result()
    yield "publication_given_up", handle


async def _publication(lab: Lab, secrets: dict[str, object]) -> WorkflowHandle[Any, Any]:
    """Of a published postmortem. Its workflow is started."""
    case, key = await lab.postmortem(), uuid4().hex
    config = {"baseUrl": NOWHERE, "email": "bot@example.com", "space": "OPS"}
    connection = Integration(
        id=f"int_{key}", kind="confluence", name="Wiki", config=config, secrets=KEYRING.seal(secrets)
    )
    row = Publication(
        id=f"pub_{key}",
        postmortem_id=case.id,
        integration_id=connection.id,
        target="confluence",
        trigger=PublicationTrigger.MANUAL.value,
        requested_at=datetime.now(UTC),
    )
    await _becomes(lab, case.id, Visibility.ORGANIZATION)
    async with lab.sessions.begin() as session:
        session.add(connection)
        await session.flush()
        session.add(row)
    await case.handle.terminate()
    return await lab.client.start_workflow(
        PublicationWorkflow.run, PublicationStart(row.id), id=f"publication-{row.id}", task_queue=TASK_QUEUE
    )


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


OF_DOCUMENTS = (
    export_done,
    import_failed,
    publication_refused,
    publication_given_up,
    customer_email_stopped,
    sign_in_mail,
)
