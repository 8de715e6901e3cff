"""A draft that was opened automatically follows its incident until someone begins to edit it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from application.audit.audit_log import audit, json_values
from application.content.sections import write_sections
from application.postmortems.opening import NewPostmortem, insert_links
from application.postmortems.participants import named_people, propose
from domain.access import Viewer
from domain.content.sections import Origin, split_sections
from domain.content.templates import opening_texts
from domain.escalation.policy import due_instants
from models.escalation import Policy
from models.postmortem import Postmortem
from models.queries.content.sections import find_section_texts
from models.queries.content.templates import get_postmortem_template
from models.queries.escalation.policies import content_of, get_policy, pick_policy
from models.queries.escalation.targets import update_due
from models.queries.postmortems import drafts, links
from models.queries.postmortems.proposals import has_choice, list_person_ids
from models.queries.timeline import insert_events
from models.session import Session


async def refresh_draft(
    session: Session,
    postmortem: Postmortem,
    new: NewPostmortem,
    now: datetime,
    *,
    reporter: Viewer | None = None,
    origin: str | None = None,
) -> None:
    """Fills the draft in again, except for what a person has decided (an author, teams). The row must be locked.

    Once a person has chosen anything about it, whom the report names is only proposed, and the author stays.
    """
    decided = await drafts.list_fields_set_by_people(session, new.id)
    if await has_choice(session, new.id):
        decided |= {"author_id", "team_ids"}
        await propose(session, reporter, new, origin=origin)
        new = replace(new, participant_ids=())
    else:
        await _let_in(session, new, reporter, decided, origin)
    texts, columns = split_sections(new.columns)
    await _rewrite_sections(session, postmortem, texts, now)
    wanted = {"title": new.title, "author_id": await _choose_author(session, postmortem, new), **columns}
    teams = () if "team_ids" in decided else new.team_ids
    services = () if "service_ids" in decided else new.service_ids
    await insert_links(session, replace(new, team_ids=teams, service_ids=services), added_by_id=None)
    policy = await _choose_policy(session, postmortem, new, decided)
    wanted |= {"policy_id": policy.id, "policy_version": policy.version, "incident_resolved_at": new.resolved_at}
    changes = {name: value for name, value in wanted.items() if name not in decided}
    before = {name: getattr(postmortem, name) for name, value in changes.items() if getattr(postmortem, name) != value}
    for name in before:
        setattr(postmortem, name, changes[name])
    postmortem.version += 1
    postmortem.updated_at = now
    await drafts.delete_incident_events(session, new.id)
    await insert_events(session, new.id, new.timeline)
    await update_due(session, {new.id: due_instants(new.resolved_at or now, content_of(policy))}, {})
    audit(
        session,
        None,
        "postmortem.refreshed",
        "postmortem",
        new.id,
        origin=origin,
        postmortem_id=new.id,
        before=json_values(before),
        after=json_values({name: changes[name] for name in before}),
    )


async def _let_in(
    session: Session, new: NewPostmortem, reporter: Viewer | None, decided: frozenset[str], origin: str | None
) -> None:
    """Makes room for the report's people and teams: nobody has chosen anything, so they are as it names them."""
    before = {*await list_person_ids(session, new.id), *await links.list_team_ids(session, new.id)}
    if "team_ids" not in decided:
        await links.delete_other_teams(session, new.id, new.team_ids)
    # participants come from incidents alone: they are inserted again, in the incidents' order
    await links.delete_participants(session, new.id)
    people = [one for one in dict.fromkeys(new.participant_ids) if one not in before]
    teams = [one for one in dict.fromkeys(new.team_ids) if one not in before]
    if people or teams:
        audit(
            session,
            reporter,
            "participants.reported",
            "postmortem",
            new.id,
            origin=origin,
            postmortem_id=new.id,
            after=named_people(people, teams, new.incident_ids),
        )


async def _rewrite_sections(session: Session, postmortem: Postmortem, texts: Mapping[str, str], now: datetime) -> None:
    opening = opening_texts(await get_postmortem_template(session, postmortem), texts)
    current = await find_section_texts(session, postmortem.id, texts.keys())
    wanted = {name: opening[name] for name in texts}
    await write_sections(session, postmortem.id, wanted, current, author_id=None, origin=Origin.PREFILL, now=now)


async def _choose_author(session: Session, postmortem: Postmortem, new: NewPostmortem) -> str | None:
    """The person who should write it by now, unless they are a reviewer: an author cannot review."""
    if new.author_id is None or await drafts.is_reviewer(session, new.id, new.author_id):
        return postmortem.author_id
    return new.author_id


async def _choose_policy(
    session: Session, postmortem: Postmortem, new: NewPostmortem, decided: frozenset[str]
) -> Policy:
    """The one that fits now. A postmortem that stays under its policy keeps the version that it began with."""
    service_ids, team_ids = new.service_ids, new.team_ids
    if "service_ids" in decided:
        service_ids = await links.list_service_ids(session, new.id)
    if "team_ids" in decided:
        team_ids = await links.list_team_ids(session, new.id)
    fits = await pick_policy(session, urgency=new.urgency, service_ids=service_ids, team_ids=team_ids)
    if fits.id != postmortem.policy_id:
        return fits
    return await get_policy(session, postmortem.policy_id, postmortem.policy_version)
