"""What the chat front end asks the database: who somebody is there, what a channel is about, what a link may show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from domain import access
from domain.access import Verb, Viewer, Visibility
from domain.errors import NotFound
from domain.postmortems.lifecycle import Status
from models.account import PersonAccount
from models.base import derived_id
from models.chat import ChatChannel
from models.integration import WebhookDelivery
from models.person import Person
from models.postmortem import Postmortem, PostmortemIncident
from models.queries.access.visibility import effective_visibility, relation_columns, relations, visible_to
from models.queries.audit.records import audit
from models.team import Team

# People


async def find_person(session: AsyncSession, integration_id: str, account: str) -> Person | None:
    """Whose account that is, by the explicit table; also somebody deactivated."""
    statement = (
        select(Person)
        .join(PersonAccount, PersonAccount.person_id == Person.id)
        .where(PersonAccount.integration_id == integration_id, PersonAccount.account == account)
    )
    return (await session.execute(statement.limit(1))).scalar_one_or_none()


async def match_person(
    session: AsyncSession, integration_id: str, account: str, email: str, label: str
) -> Person | None:
    """The active person with that e-mail, remembered as the account's. None where there is none, or where the table
    says that this person has another account here: what somebody wrote down is not overruled by an e-mail."""
    person = (
        await session.execute(select(Person).where(Person.email == email.lower(), Person.is_active))
    ).scalar_one_or_none()
    if person is None:
        return None
    values = {
        "id": derived_id("acc", integration_id, account),
        "integration_id": integration_id,
        "person_id": person.id,
        "account": account,
        "label": label[:200],
        "source": "EMAIL",
    }
    await session.execute(insert(PersonAccount).values(values).on_conflict_do_nothing())
    held = select(PersonAccount.account).where(
        PersonAccount.integration_id == integration_id, PersonAccount.person_id == person.id
    )
    return person if account in (await session.execute(held)).scalars().all() else None


async def accounts_of(session: AsyncSession, integration_id: str, accounts: Sequence[str]) -> dict[str, str]:
    """Names of people by their accounts there."""
    statement = (
        select(PersonAccount.account, Person.name)
        .join(Person, Person.id == PersonAccount.person_id)
        .where(PersonAccount.integration_id == integration_id, PersonAccount.account.in_(list(accounts)))
    )
    return dict((await session.execute(statement)).tuples().all())


async def find_account(session: AsyncSession, integration_id: str, person_id: str) -> str | None:
    statement = select(PersonAccount.account).where(
        PersonAccount.integration_id == integration_id, PersonAccount.person_id == person_id
    )
    return (await session.execute(statement.limit(1))).scalar_one_or_none()


# Postmortems, as they are pointed at


async def find_numbered(session: AsyncSession, viewer: Viewer, number: int) -> str:
    """The id of the postmortem with that number, if the viewer may know of it. Raises NotFound."""
    statement = select(Postmortem.id).where(Postmortem.number == number, visible_to(viewer))
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound(kind="postmortem", id=f"#{number}")
    return found


async def list_editable(session: AsyncSession, viewer: Viewer, limit: int) -> list[Postmortem]:
    """Open ones whose content the viewer may change, those that changed last first."""
    statement = (
        select(Postmortem, *relation_columns(viewer).columns())
        .where(Postmortem.status.in_((Status.DRAFT.value, Status.IN_REVIEW.value)), visible_to(viewer))
        .order_by(Postmortem.updated_at.desc(), Postmortem.id)
        .limit(limit * 5)
    )
    found = [
        row[0]
        for row in (await session.execute(statement)).all()
        if access.may(Verb.EDIT, Status(row[0].status), relations(viewer, *row))
    ]
    return found[:limit]


async def list_written_by(session: AsyncSession, viewer: Viewer, limit: int) -> list[Postmortem]:
    """Unpublished ones whose author the viewer is, the newest first."""
    statement = select(Postmortem).where(
        Postmortem.author_id == viewer.person_id,
        Postmortem.status.in_((Status.DRAFT.value, Status.IN_REVIEW.value)),
    )
    return list((await session.execute(statement.order_by(Postmortem.created_at.desc()).limit(limit))).scalars())


# Channels


async def find_bound(session: AsyncSession, integration_id: str, channel: str) -> ChatChannel | None:
    return await session.get(ChatChannel, (integration_id, channel), populate_existing=True)


@dataclass(frozen=True, slots=True)
class Here:
    """What a channel is about: a postmortem, or an incident that has none yet. One of the two is set."""

    postmortem_id: str | None = None
    incident_id: str | None = None


async def find_here(session: AsyncSession, integration_id: str, channel: str) -> Here | None:
    """None where the channel is not bound. Of an incident's postmortems it is the newest one."""
    bound = await find_bound(session, integration_id, channel)
    if bound is None or bound.incident_id is None:
        return Here(bound.postmortem_id) if bound else None
    opened = await find_opened(session, bound.incident_id)
    return Here(opened) if opened else Here(incident_id=bound.incident_id)


async def find_opened(session: AsyncSession, incident_id: str) -> str | None:
    """The newest postmortem of an incident."""
    statement = (
        select(Postmortem.id)
        .join(PostmortemIncident, PostmortemIncident.postmortem_id == Postmortem.id)
        .where(PostmortemIncident.incident_id == incident_id)
        .order_by(Postmortem.created_at.desc(), Postmortem.id)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def bind_channel(
    session: AsyncSession,
    viewer: Viewer,
    integration_id: str,
    channel: str,
    *,
    postmortem_id: str | None = None,
    incident_id: str | None = None,
) -> None:
    """What was picked in the channel goes there from now on. The caller checked that the viewer may write there."""
    about = {"postmortem_id": postmortem_id, "incident_id": incident_id, "bound_by_id": viewer.person_id}
    statement = insert(ChatChannel).values(integration_id=integration_id, channel=channel, **about)
    await session.execute(statement.on_conflict_do_update(index_elements=["integration_id", "channel"], set_=about))
    told = {"channel": channel, "integrationId": integration_id}
    kind, entity = ("postmortem", postmortem_id) if postmortem_id else ("incident", incident_id or "")
    audit(session, viewer, "channel.bound", kind, entity or "", postmortem_id=postmortem_id, after=told)


async def unbind_channel(session: AsyncSession, viewer: Viewer, integration_id: str, channel: str) -> None:
    bound = await find_bound(session, integration_id, channel)
    if bound is None:
        return
    await session.execute(
        delete(ChatChannel).where(ChatChannel.integration_id == integration_id, ChatChannel.channel == channel)
    )
    told = {"channel": channel, "integrationId": integration_id}
    kind, entity = ("postmortem", bound.postmortem_id) if bound.postmortem_id else ("incident", bound.incident_id)
    audit(session, viewer, "channel.unbound", kind, entity or "", postmortem_id=bound.postmortem_id, before=told)


async def declared_teams(session: AsyncSession, integration_id: str, channel: str) -> frozenset[str]:
    """The teams whose channel an administrator said that this is."""
    statement = select(Team.id).where(Team.channel_id == integration_id, Team.channel_address == channel)
    return frozenset((await session.execute(statement)).scalars())


# Previews


@dataclass(frozen=True, slots=True)
class Shown:
    """A postmortem whose link somebody posted, seen by nobody in particular: ask ``domain.chat.may_preview``."""

    postmortem: Postmortem
    visibility: Visibility
    team_ids: frozenset[str]
    summary: str | None


async def list_shown_unscoped(session: AsyncSession, postmortem_ids: Sequence[str]) -> dict[str, Shown]:
    statement = (
        select(Postmortem, effective_visibility())
        .where(Postmortem.id.in_(list(postmortem_ids)))
        .options(selectinload(Postmortem.teams), selectinload(Postmortem.sections))
    )
    found: dict[str, Shown] = {}
    for postmortem, visibility in (await session.execute(statement)).all():
        teams = frozenset(one.team_id for one in postmortem.teams)
        summary = next((one.body for one in postmortem.sections if one.name == "summary"), None)
        found[postmortem.id] = Shown(postmortem, Visibility(visibility), teams, summary)
    return found


# What came in


async def get_delivery(session: AsyncSession, delivery: int) -> WebhookDelivery | None:
    return await session.get(WebhookDelivery, delivery, populate_existing=True)


async def list_pending_unscoped(session: AsyncSession, kind: str, before: datetime, limit: int) -> list[int]:
    """Requests received before that instant that nobody has answered, oldest first."""
    statement = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.kind == kind, WebhookDelivery.handled_at.is_(None), WebhookDelivery.received_at < before)
        .order_by(WebhookDelivery.received_at)
        .limit(limit)
    )
    return list((await session.execute(statement)).scalars())


async def settle_stale(session: AsyncSession, kind: str, before: datetime, now: datetime) -> None:
    """What nobody could answer until now is not answered any more."""
    statement = update(WebhookDelivery).where(
        WebhookDelivery.kind == kind, WebhookDelivery.handled_at.is_(None), WebhookDelivery.received_at < before
    )
    await session.execute(statement.values(handled_at=now, result="too late"))


async def forget_old(session: AsyncSession, kind: str, before: datetime) -> None:
    """Drops the words of what was answered; that something came stays on record."""
    statement = update(WebhookDelivery).where(
        WebhookDelivery.kind == kind,
        WebhookDelivery.handled_at.is_not(None),
        WebhookDelivery.received_at < before,
        func.length(WebhookDelivery.body) > 0,
    )
    await session.execute(statement.values(body=b""))
