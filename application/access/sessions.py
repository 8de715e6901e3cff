"""The web sessions of a person: seeing them, and ending them from elsewhere."""

from collections.abc import Sequence
from datetime import datetime

from application.access.sign_in import SESSION_PREFIX
from application.audit.audit_log import audit
from domain.access import Viewer, check_administers
from models.person import ApiToken
from models.queries.access import tokens
from models.session import Session


async def list_sessions(session: Session, viewer: Viewer, now: datetime) -> Sequence[ApiToken]:
    """The viewer's own, except for those that have ended; the one that was used last first."""
    return await tokens.list_sessions(session, viewer.person_id, SESSION_PREFIX, now)


async def end_session(session: Session, viewer: Viewer, token_id: str, now: datetime) -> None:
    """Ends one of the viewer's own sessions, at once and in all processes. Raises NotFound."""
    token = await tokens.get_session_for_update(session, viewer.person_id, token_id, SESSION_PREFIX)
    if token.revoked_at is None:
        token.revoked_at = now
        audit(session, viewer, "session.ended", "token", token.id)


async def end_other_sessions(session: Session, viewer: Viewer, token_id: str, now: datetime) -> int:
    """Ends all of the viewer's sessions but the one that they use now, and returns how many."""
    ended = await tokens.revoke_sessions(session, viewer.person_id, SESSION_PREFIX, now, but=token_id)
    for one in ended:
        audit(session, viewer, "session.ended", "token", one)
    return len(ended)


async def end_sessions_of(session: Session, viewer: Viewer, person_id: str, now: datetime) -> int:
    """Ends all sessions of a person, and returns how many. Their API tokens stay valid. Raises NotAllowed."""
    check_administers(viewer, "end other people's sessions")
    ended = await tokens.revoke_sessions(session, person_id, SESSION_PREFIX, now)
    for one in ended:
        audit(session, viewer, "session.ended", "token", one, after={"userId": person_id})
    return len(ended)
