"""Carrying out publications: what an activity does for a row of ``publication``, in another system.

It may run twice: a copy that was made and not recorded is found by its marker. No session is held while the vendor is
asked, and the text is written down in a process of its own.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application import lone_work
from application.audit.audit_log import audit
from application.lone_work import Crashed, TooMuchWork
from application.notifications.connection_trouble import record_recovery, record_trouble
from application.sharing.publications import carries_summary
from application.sharing.summaries import read_facts
from domain.access import Role, Viewer
from domain.documents.document import Document
from domain.errors import (
    PASSING,
    CredentialsRejected,
    Disconnected,
    DomainError,
    NotExportable,
    PublicationChanged,
    PublicationGone,
    PublicationPaused,
)
from domain.sharing.publications import PublicationState, check_publishable
from integrations import registry
from integrations.documents import copies
from integrations.documents.copies import Written
from integrations.publisher import Copy, Published, PublisherUnavailable
from models.keyring import Keyring
from models.queries.connections.connections import get_integration
from models.queries.documents.postmortems import get_document
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.sharing import publications, summaries
from models.session import Session, Sessions
from models.sharing import Publication

READER = Viewer("", Role.MEMBER, frozenset(), frozenset({"read"}), "system")
"""Someone who may see what everyone may see: a copy shows no more."""


@dataclass(frozen=True, slots=True)
class PublishingWork:
    """What is to be done now. Its ``repr`` has no credentials."""

    publication_id: str
    request: int
    kind: str
    connection: "_Connection"
    remote_id: str | None
    revision: str | None
    title: str
    name: str
    url: str
    pointer: str | None
    document: Document | None
    text: str | None
    content_revision: int
    is_withdrawal: bool


@dataclass(frozen=True, slots=True, repr=False)
class _Connection:
    config: dict[str, Any]
    secrets: dict[str, Any]
    kept_host: str | None


async def carry_out(sessions: Sessions, keyring: Keyring, publication_id: str, now: datetime, base_url: str) -> bool:
    """Whether something else was asked for meanwhile. What a person must act on is said on the row.

    Raises PublisherUnavailable, and what passes by itself.
    """
    try:
        work = await _begin(sessions, keyring, publication_id, now, base_url)
    except DomainError as refusal:
        return await _refuse(sessions, publication_id, None, refusal, now)
    if work is None:
        return False
    try:
        published = await _publish(work, base_url)
    except PublisherUnavailable as stumble:
        await _note(sessions, work, str(stumble))
        raise
    except DomainError as refusal:
        return await _refuse(sessions, publication_id, work, refusal, now)
    return await _finish(sessions, work, published, now)


async def _begin(
    sessions: Sessions, keyring: Keyring, publication_id: str, now: datetime, base_url: str
) -> PublishingWork | None:
    """None if there is nothing to do any more. Raises why it can't be done."""
    async with sessions.begin() as session:
        row = await publications.lock_publication_unscoped(session, publication_id)
        if row is None:
            return None
        row.workflow_started = True
        if row.state != PublicationState.PENDING.value:
            return None
    async with sessions.begin() as session:
        row = await publications.lock_publication_unscoped(session, publication_id)
        if row is None:
            return None
        connection = await get_integration(session, row.integration_id)
        if connection.disconnected_at is not None:
            raise Disconnected(id=connection.id)
        if not connection.is_enabled:
            raise PublicationPaused(name=connection.name)
        visible = await publications.get_postmortem_unscoped(session, row.postmortem_id)
        postmortem, document, text = visible.postmortem, None, None
        if not row.wants_withdrawal:
            document, text = await _content(session, visible, row, now, base_url)
        secrets = keyring.open(connection.secrets)
        return PublishingWork(
            publication_id,
            row.request,
            connection.kind,
            _Connection(dict(connection.config), secrets, connection.kept_host),
            row.remote_id,
            None if row.overwrites else row.remote_revision,
            f"Postmortem #{postmortem.number}: {postmortem.title}",
            f"postmortem-{postmortem.number}",
            f"{base_url}/postmortems/{postmortem.id}",
            row.pointer,
            document,
            text,
            postmortem.content_revision,
            row.wants_withdrawal,
        )


async def _content(
    session: Session, visible: VisiblePostmortem, row: Publication, now: datetime, base_url: str
) -> tuple[Document | None, str | None]:
    """The whole postmortem, or its public summary. Raises NotShareable, NotPublishable."""
    summary = await summaries.find_summary(session, row.postmortem_id)
    is_summary = carries_summary(row.target)
    check_publishable(await read_facts(session, visible, summary), carries_summary=is_summary)
    if is_summary:
        return None, summary.text if summary else ""
    found = await get_document(session, READER, row.postmortem_id, now, base_url, with_comments=False)
    return found, None


async def _publish(work: PublishingWork, base_url: str) -> Published | None:
    """The copy as it is there now; None where it was taken back."""
    written = Written((), work.text or "")
    if work.document is not None:
        try:
            written = await lone_work.run_alone(copies.write, work.document, base_url)
        except (TooMuchWork, Crashed):
            raise NotExportable(format=work.kind) from None
    copy = Copy(work.publication_id, work.name, work.title, work.url, written.blocks, written.text, work.pointer)
    return await asyncio.to_thread(_ask_vendor, work, copy)


def _ask_vendor(work: PublishingWork, copy: Copy) -> Published | None:
    """On a thread."""
    connection = work.connection
    with registry.connect_publisher(
        work.kind, connection.config, connection.secrets, connection.kept_host
    ) as publisher:
        if not work.is_withdrawal:
            if work.remote_id is None:
                return publisher.create(copy)
            return publisher.update(work.remote_id, copy, work.revision)
        there = work.remote_id or publisher.find(copy)
        if there is not None:
            publisher.withdraw(there, copy, work.revision)
        return None


async def _finish(sessions: Sessions, work: PublishingWork, published: Published | None, now: datetime) -> bool:
    async with sessions.begin() as session:
        row = await publications.lock_publication_unscoped(session, work.publication_id)
        if row is None:
            return False
        if published is None:
            row.remote_id = row.remote_revision = row.url = row.content_revision = None
        else:
            row.remote_id, row.remote_revision, row.url = published.id, published.revision, published.url
            row.content_revision, row.published_at = work.content_revision, now
        done = "publication.withdrawn" if published is None else "publication.published"
        after = {"integrationId": row.integration_id, "target": row.target, "url": row.url}
        audit(session, None, done, "publication", row.id, postmortem_id=row.postmortem_id, after=after)
        if is_newer := row.request != work.request:
            row.workflow_started = False
        else:
            row.state = (PublicationState.WITHDRAWN if published is None else PublicationState.OK).value
            row.problem, row.overwrites = None, False
        await record_recovery(session, row.integration_id, now)
        return is_newer


async def _note(sessions: Sessions, work: PublishingWork, problem: str) -> None:
    """Why it takes so long: it is tried again."""
    async with sessions.begin() as session:
        row = await publications.lock_publication_unscoped(session, work.publication_id)
        if row is not None and row.request == work.request:
            row.problem = problem


async def _refuse(
    sessions: Sessions, publication_id: str, work: PublishingWork | None, refusal: DomainError, now: datetime
) -> bool:
    if refusal.code in PASSING:
        raise refusal
    async with sessions.begin() as session:
        row = await publications.lock_publication_unscoped(session, publication_id)
        if row is None or (work is not None and row.request != work.request):
            return row is not None
        row.state, row.problem = _state_after(refusal).value, str(refusal)
        row.workflow_started, row.overwrites = True, False
        if isinstance(refusal, PublicationGone):
            row.remote_id = row.remote_revision = None  # publishing again makes another one
        after = {"integrationId": row.integration_id, "target": row.target, "code": refusal.code}
        audit(session, None, "publication.refused", "publication", row.id, postmortem_id=row.postmortem_id, after=after)
        if isinstance(refusal, CredentialsRejected):
            await record_trouble(session, row.integration_id, str(refusal), now)
        return False


def _state_after(refusal: DomainError) -> PublicationState:
    if isinstance(refusal, PublicationChanged):
        return PublicationState.CHANGED_THERE
    return PublicationState.GONE if isinstance(refusal, PublicationGone) else PublicationState.REFUSED


async def give_up(sessions: Sessions, publication_id: str, detail: str, now: datetime) -> None:
    """What the vendor did not answer for a day."""
    async with sessions.begin() as session:
        row = await publications.lock_publication_unscoped(session, publication_id)
        if row is not None and row.state == PublicationState.PENDING.value and row.workflow_started:
            row.state, row.problem = PublicationState.REFUSED.value, row.problem or detail
            after = {"integrationId": row.integration_id, "target": row.target, "code": "PublisherUnavailable"}
            key = row.postmortem_id
            audit(session, None, "publication.refused", "publication", row.id, postmortem_id=key, after=after, at=now)
