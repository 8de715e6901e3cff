"""Copies of postmortems in other systems: asking for one, following it, taking it back.

What is asked for is a row, which a workflow carries out: see ``application.documents.publishing``.
"""

from collections.abc import Sequence
from datetime import datetime

from application.audit.audit_log import audit
from application.sharing.summaries import read_facts
from domain import access
from domain.access import Verb, Viewer, Visibility
from domain.errors import NoPublisher, NotPublishable, PublicationPaused
from domain.postmortems.lifecycle import Status
from domain.sharing.links import FINAL, SharingFacts
from domain.sharing.publications import (
    NOT_PUBLISHED,
    PublicationState,
    PublicationTrigger,
    check_publishable,
    publishing_obstacles,
)
from integrations import registry
from integrations.publisher import Carries
from models.base import derived_id
from models.integration import Integration
from models.postmortem import Postmortem
from models.queries.connections.connections import get_connected, list_by_kind
from models.queries.pagination import Ask, Page
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.queries.sharing import publications, summaries
from models.session import Session
from models.sharing import Publication


async def list_publications(session: Session, viewer: Viewer, postmortem_id: str, ask: Ask) -> Page[Publication]:
    """For everyone who sees the postmortem. Raises NotFound."""
    await get_visible(session, viewer, postmortem_id)
    return await publications.list_publications(session, postmortem_id, ask)


async def get_publication(session: Session, viewer: Viewer, postmortem_id: str, publication_id: str) -> Publication:
    """Raises NotFound."""
    await get_visible(session, viewer, postmortem_id)
    return await publications.get_publication(session, postmortem_id, publication_id)


async def list_targets(session: Session) -> Sequence[Integration]:
    """Connections that a postmortem can be published to."""
    return await list_by_kind(session, registry.publisher_kinds())


def carries_summary(kind: str) -> bool:
    """Whether a connection of this kind shows the public summary, to customers, and not the whole postmortem."""
    return registry.publisher(kind).carries is Carries.SUMMARY


async def read_sharing_facts(session: Session, visible: VisiblePostmortem) -> SharingFacts:
    return await read_facts(session, visible, await summaries.find_summary(session, visible.postmortem.id))


async def request_publication(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    integration_id: str,
    *,
    pointer: str | None,
    overwrite: bool,
    now: datetime,
) -> Publication:
    """Has the copy written, or brought up to date; there is one for each connection. Locks the postmortem.

    Raises NotFound, NotAllowed, NoPublisher, Disconnected, PublicationPaused, NotShareable, NotPublishable.
    """
    visible = await _check(session, viewer, postmortem_id)
    connection = await get_connected(session, integration_id)
    if connection.kind not in registry.publisher_kinds():
        raise NoPublisher(kind=connection.kind, known=", ".join(registry.publisher_kinds()))
    if not connection.is_enabled:
        raise PublicationPaused(name=connection.name)
    facts = await read_sharing_facts(session, visible)
    check_publishable(facts, carries_summary=carries_summary(connection.kind))
    row = await _requested(session, visible.postmortem, connection, PublicationTrigger.MANUAL, now)
    row.overwrites, row.pointer = overwrite, pointer or row.pointer
    _audit(session, viewer, "publication.requested", row, {"overwrite": overwrite})
    await session.flush()
    return row


async def request_withdrawal(
    session: Session, viewer: Viewer, postmortem_id: str, publication_id: str, *, overwrite: bool, now: datetime
) -> Publication:
    """Has the copy taken back. One that is taken back stays so. Raises NotFound, NotAllowed."""
    await _check(session, viewer, postmortem_id)
    row = await publications.get_publication(session, postmortem_id, publication_id)
    if row.state != PublicationState.WITHDRAWN.value:
        _withdraw(row, PublicationTrigger.MANUAL, now)
        row.overwrites = overwrite
        _audit(session, viewer, "publication.withdrawal_requested", row, {"overwrite": overwrite})
        await session.flush()
    return row


async def _check(session: Session, viewer: Viewer, postmortem_id: str) -> VisiblePostmortem:
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    status = Status(visible.postmortem.status)
    access.check(Verb.PUBLISH_COPY, status, visible.relations)
    if status not in FINAL:
        raise NotPublishable(reasons=[NOT_PUBLISHED])
    return visible


async def publish_automatically(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, connections: Sequence[Integration], now: datetime
) -> None:
    """Asks for copies of a postmortem that was just published, in those of the connections that may have one. An
    automatic copy that exists gets the new text."""
    for connection in await _allowed(session, visible, connections):
        row = await _requested(session, visible.postmortem, connection, PublicationTrigger.POLICY, now)
        row.overwrites = False
        _audit(session, viewer, "publication.requested", row, {"overwrite": False})


async def list_automatic(session: Session) -> Sequence[Integration]:
    """The connections that get a copy of what is published, by their settings."""
    return await publications.list_automatic(session, registry.publisher_kinds())


async def list_copies_once_published(session: Session, visible: VisiblePostmortem) -> Sequence[Integration]:
    """The connections that get a copy by themselves when the postmortem is published."""
    return await _allowed(session, visible, await list_automatic(session))


async def _allowed(
    session: Session, visible: VisiblePostmortem, connections: Sequence[Integration]
) -> Sequence[Integration]:
    if not connections:
        return []
    chosen = visible.postmortem.visibility
    visibility = Visibility(chosen) if chosen else access.default_visibility(Status.PUBLISHED, has_team=False)
    is_approved = (await read_sharing_facts(session, visible)).is_approved
    facts = SharingFacts(Status.PUBLISHED, visibility, True, is_approved)
    return [
        one for one in connections if not any(publishing_obstacles(facts, carries_summary=carries_summary(one.kind)))
    ]


async def take_back_automatically(session: Session, viewer: Viewer, postmortem_id: str, now: datetime) -> None:
    """Of a postmortem that is archived, or that not everyone may see any more: asks to take back the copies whose
    connection's settings say so."""
    found = await publications.list_all(session, postmortem_id)
    wanted = await publications.list_taking_back(session, [one.integration_id for one in found]) if found else set()
    for row in found:
        if row.integration_id in wanted and row.state != PublicationState.WITHDRAWN.value:
            _withdraw(row, PublicationTrigger.POLICY, now)
            _audit(session, viewer, "publication.withdrawal_requested", row, {"overwrite": False})


async def _requested(
    session: Session,
    postmortem: Postmortem,
    connection: Integration,
    trigger: PublicationTrigger,
    now: datetime,
) -> Publication:
    """The row, to be carried out."""
    known = {one.integration_id: one for one in await publications.list_all(session, postmortem.id)}
    row = known.get(connection.id)
    if row is None:
        row = Publication(
            id=derived_id("pub", postmortem.id, connection.id),
            postmortem_id=postmortem.id,
            integration_id=connection.id,
            target=connection.kind,
            request=0,
            created_at=now,
        )
        session.add(row)
    row.wants_withdrawal = False
    _ask(row, trigger, now)
    return row


def _withdraw(row: Publication, trigger: PublicationTrigger, now: datetime) -> None:
    row.wants_withdrawal, row.overwrites = True, False
    _ask(row, trigger, now)


def _ask(row: Publication, trigger: PublicationTrigger, now: datetime) -> None:
    row.state, row.trigger, row.problem = PublicationState.PENDING.value, trigger.value, None
    row.request += 1
    row.requested_at, row.workflow_started = now, False


def _audit(session: Session, viewer: Viewer, action: str, row: Publication, after: dict[str, object]) -> None:
    told = {"integrationId": row.integration_id, "target": row.target, "trigger": row.trigger, **after}
    audit(session, viewer, action, "publication", row.id, postmortem_id=row.postmortem_id, after=told)
