"""What a team's lead is told, once: that somebody left who owes something, that a target slipped twice.

A team without a lead falls to the administrators, who are told so once.
"""

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.postmortem import Postmortem, PostmortemReviewer, PostmortemTarget, PostmortemTeam
from models.queries.escalation.reminders import tell_of_leaderless
from models.queries.notifications.notices import notify
from models.queries.people.people import find_team_leads, list_administrators
from models.team import Team

SLIPS = 2
"""Extensions of one target from which on it is shown to the team's lead."""
OPEN_ITEM = ("OPEN", "IN_PROGRESS")
WRITING = (Status.DRAFT.value, Status.IN_REVIEW.value)


async def find_leaders(session: AsyncSession, postmortem_id: str) -> list[str]:
    """The leads of its teams who may know of it, else the administrators."""
    team_ids = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == postmortem_id)
    leads = await find_team_leads(session, (await session.execute(team_ids)).scalars(), seeing=postmortem_id)
    return list(dict.fromkeys(leads)) or await list_administrators(session)


async def tell_of_slips(session: AsyncSession, postmortem: Postmortem, target: str, now: datetime) -> None:
    """Once, when it is extended for the second time."""
    statement = select(PostmortemTarget.slips).where(
        PostmortemTarget.postmortem_id == postmortem.id, PostmortemTarget.name == target
    )
    if (await session.execute(statement)).scalar_one() >= SLIPS:
        leaders = await find_leaders(session, postmortem.id)
        occasion = f"{postmortem.id}:{target}:slipped"
        await notify(session, leaders, "target_slipped", occasion, at=now, postmortem_id=postmortem.id, target=target)


async def tell_of_leaver(session: AsyncSession, person_id: str, now: datetime) -> None:
    """Somebody was deactivated: for each open item that they own, postmortem that they write and review that they owe
    the lead is asked for somebody else, once; whoever stands in is asked from now on. The rows become their own outbox
    again, so that their workflows look at once, also where Temporal is away now."""
    items = select(ActionItem).join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
    items = items.where(ActionItem.owner_id == person_id, ActionItem.status.in_(OPEN_ITEM))
    for item in (await session.execute(items.where(Postmortem.status != Status.ARCHIVED.value))).scalars().all():
        occasion = f"{item.id}:owner_left:{person_id}"
        leaders = await find_leaders(session, item.postmortem_id)
        await notify(
            session, leaders, "owner_left", occasion, at=now, postmortem_id=item.postmortem_id, action_item_id=item.id
        )
    reviews = select(PostmortemReviewer.postmortem_id).where(PostmortemReviewer.person_id == person_id)
    theirs = or_(Postmortem.author_id == person_id, Postmortem.id.in_(reviews))
    written = select(Postmortem).where(theirs, Postmortem.status.in_(WRITING))
    for one in (await session.execute(written)).scalars().all():
        kind = "author_left" if one.author_id == person_id else "reviewer_left"
        leaders = await find_leaders(session, one.id)
        await notify(session, leaders, kind, f"{one.id}:{kind}:{person_id}", at=now, postmortem_id=one.id)
    led = (await session.execute(select(Team.id).where(Team.lead_id == person_id))).scalars()
    administrators = await list_administrators(session)
    await tell_of_leaderless(session, dict.fromkeys(led, person_id), administrators, now)
    await look_anew(session, person_id)


async def look_anew(session: AsyncSession, person_id: str) -> None:
    """Where and when somebody works, or whether they are there, changed: whatever may ask them looks again."""
    owned = (ActionItem.owner_id == person_id, ActionItem.status.in_(OPEN_ITEM))
    await session.execute(update(ActionItem).where(*owned).values(workflow_started=False))
    reviews = select(PostmortemReviewer.postmortem_id).where(PostmortemReviewer.person_id == person_id)
    theirs = or_(Postmortem.author_id == person_id, Postmortem.id.in_(reviews))
    open_ones = (theirs, Postmortem.status.in_(WRITING))
    await session.execute(update(Postmortem).where(*open_ones).values(workflow_started=False))
