"""Signing in with an identity provider: whose account it is, what its groups make of them, and a session for them."""

import re
from collections.abc import Sequence
from datetime import datetime

from application.access.sign_in import Browser, start_session
from application.audit.audit_log import audit, change_row
from application.people import teams
from application.people.people import add_person
from domain.access import Role, Viewer, check_administers
from domain.errors import DomainError, PersonDeactivated, SignInNotConfirmed, StaleVersion
from domain.identities import Claims, Joining, Namesake, ProviderRules, decide, role_by_groups, teams_by_groups
from models.base import new_id
from models.person import Person, PersonIdentity
from models.queries.notifications.outbox import requeue
from models.queries.people import identities, people
from models.queries.people import teams as team_queries
from models.queries.people.identities import ShownIdentity
from models.session import Session

SHOWN = 500
HANDLE_LENGTH = 30


async def sign_in(
    session: Session, rules: ProviderRules, claims: Claims, now: datetime, browser: Browser, id_token: bytes
) -> str | DomainError:
    """The id of the new session, or why there is none: then, too, commit, because an administrator may have to decide.

    ``id_token`` is encrypted.
    """
    await identities.lock_sign_in(session, claims.issuer, claims.subject)
    administrators = await people.lock_administrators(session) if rules.roles else []
    identity = await identities.find_identity_for_update(session, claims.issuer, claims.subject)
    if identity is None or identity.confirmed_at is None:
        found = await _join(session, rules, claims, identity, now)
        if isinstance(found, DomainError):
            return found
        identity = found
    person = await people.get_person_for_update(session, identity.person_id)
    if not person.is_active:
        return PersonDeactivated()
    identity.email, identity.provider, identity.last_used_at = claims.email, rules.name, now
    await _follow_groups(session, rules, claims, person, administrators)
    token = await start_session(session, person, now, browser, provider=rules.name, id_token=id_token)
    return token.id


async def _join(
    session: Session, rules: ProviderRules, claims: Claims, pending: PersonIdentity | None, now: datetime
) -> PersonIdentity | DomainError:
    """The identity, now that of a person, or why it is not."""
    person = None
    if claims.email is not None:
        await identities.lock_sign_in(session, "email", claims.email)
        person = await people.find_by_email_for_update(session, claims.email)
    joining = decide(claims, rules, await _namesake(session, person))
    if joining is Joining.LEFT:
        return PersonDeactivated()
    if joining is Joining.ASK and person is not None:
        _ask(session, rules, claims, pending, person)
    if joining in {Joining.ASK, Joining.REFUSE}:
        return SignInNotConfirmed(provider=rules.label)
    if person is None or joining is Joining.CLAIM:
        person = await _add(session, claims, claims.email or "")
    return _confirm_new(session, rules, claims, pending, person, now)


async def _namesake(session: Session, person: Person | None) -> Namesake | None:
    if person is None:
        return None
    is_linked = await identities.has_confirmed(session, person.id)
    return Namesake(Role(person.role), person.is_active, person.left_at is not None, is_linked)


def _ask(
    session: Session, rules: ProviderRules, claims: Claims, pending: PersonIdentity | None, person: Person
) -> None:
    """Leaves a request for administrators, one for each account of the provider."""
    if pending is None:
        pending = identities.insert_identity(
            session,
            provider=rules.name,
            issuer=claims.issuer,
            subject=claims.subject,
            person_id=person.id,
            email=claims.email,
            confirmed_at=None,
        )
    elif pending.person_id == person.id and pending.email == claims.email:
        return
    else:  # an administrator who saw the former request can't confirm this one
        pending.person_id, pending.email, pending.version = person.id, claims.email, pending.version + 1
    after = {"userId": person.id, "provider": rules.name, "email": claims.email}
    audit(session, None, "identity.requested", "identity", pending.id, origin="web", after=after)


async def _add(session: Session, claims: Claims, email: str) -> Person:
    """A new member, or the one for whom a webhook made a placeholder."""
    local = email.partition("@")[0]
    person = await add_person(
        session,
        person_id=new_id("user"),
        email=email,
        name=claims.name or local,
        handle=await _free_handle(session, claims.user_name or local),
        role=Role.MEMBER,
    )
    viewer = Viewer(person.id, Role.MEMBER, origin="web")
    audit(session, viewer, "user.created", "user", person.id, after={"role": person.role, "email": person.email})
    return person


async def _free_handle(session: Session, wanted: str) -> str:
    """As near to what they are called elsewhere as can be."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", wanted.partition("@")[0].lower()).strip("-._")[:HANDLE_LENGTH] or "person"
    taken = await people.list_handles(session, plain)
    if plain not in taken:
        return plain
    return next((f"{plain}{number}" for number in range(2, 100) if f"{plain}{number}" not in taken), new_id(plain))


def _confirm_new(
    session: Session,
    rules: ProviderRules,
    claims: Claims,
    pending: PersonIdentity | None,
    person: Person,
    now: datetime,
) -> PersonIdentity:
    row = pending or identities.insert_identity(
        session,
        provider=rules.name,
        issuer=claims.issuer,
        subject=claims.subject,
        person_id=person.id,
        email=claims.email,
        confirmed_at=now,
    )
    row.person_id, row.confirmed_at = person.id, now
    viewer = Viewer(person.id, Role(person.role), origin="web")
    after = {"userId": person.id, "provider": rules.name, "email": claims.email}
    audit(session, viewer, "identity.joined", "identity", row.id, after=after)
    return row


async def _follow_groups(
    session: Session, rules: ProviderRules, claims: Claims, person: Person, administrators: Sequence[str]
) -> None:
    """Role and teams as the provider's groups say now. The last administrator stays one."""
    viewer = Viewer(person.id, Role(person.role), origin="web")
    is_changed = False
    if rules.roles:
        role = role_by_groups(claims.groups, rules.roles)
        if role is not Role.ADMIN and list(administrators) == [person.id]:
            role = Role.ADMIN
        is_changed = role != person.role
        change_row(session, viewer, "user", person, {"role": role.value}, None)
    if rules.teams:
        team_ids = await team_queries.ids_by_name(session, rules.teams.values())
        current = frozenset(await team_queries.list_teams_of(session, person.id))
        wanted = teams_by_groups(claims.groups, rules.teams, team_ids, current)
        if wanted != current:
            is_changed = True
            await teams.set_teams_of(session, viewer, person.id, sorted(wanted))
    if is_changed:
        await session.flush()
        await requeue(session, person.id)


async def list_identities(session: Session, viewer: Viewer) -> Sequence[ShownIdentity]:
    """All of them, those that wait for an administrator first. Raises NotAllowed."""
    check_administers(viewer, "see how people sign in")
    return await identities.list_identities(session, SHOWN)


async def count_waiting(session: Session, viewer: Viewer) -> int:
    """Accounts that wait for the viewer to confirm or reject them: none for those who aren't administrators."""
    return await identities.count_waiting(session) if viewer.is_admin else 0


async def confirm_identity(
    session: Session, viewer: Viewer, identity_id: str, expected: int | None, now: datetime
) -> None:
    """From now on it signs its person in. Raises NotAllowed, NotFound, StaleVersion."""
    check_administers(viewer, "confirm how people sign in")
    row = await _checked(session, identity_id, expected)
    if row.confirmed_at is None:
        row.confirmed_at, row.version = now, row.version + 1
        after = {"userId": row.person_id, "provider": row.provider, "email": row.email}
        audit(session, viewer, "identity.confirmed", "identity", row.id, after=after)


async def remove_identity(session: Session, viewer: Viewer, identity_id: str, expected: int | None) -> None:
    """It no longer signs its person in. Sessions that began with it stay. Raises NotAllowed, NotFound, StaleVersion."""
    check_administers(viewer, "change how people sign in")
    row = await _checked(session, identity_id, expected)
    before = {"userId": row.person_id, "provider": row.provider, "email": row.email}
    audit(session, viewer, "identity.removed", "identity", row.id, before=before)
    await identities.delete_identity(session, identity_id)


async def _checked(session: Session, identity_id: str, expected: int | None) -> PersonIdentity:
    row = await identities.get_identity_for_update(session, identity_id)
    if expected is not None and expected != row.version:
        raise StaleVersion(expected=str(expected), current=row.version)
    return row
