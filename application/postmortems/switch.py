"""Whether postmortems are switched on, for the organization and for the teams that one would belong to."""

from collections.abc import Sequence
from datetime import datetime

from application.audit.audit_log import audit
from domain.access import Viewer
from domain.errors import PostmortemsDisabled, StaleVersion
from models.queries.people.organization import Switches, get_organization, read_switches
from models.session import Session
from models.team import Organization


async def find_disabled(session: Session, team_ids: Sequence[str] = ()) -> PostmortemsDisabled | None:
    """Why no postmortem can be started for these teams."""
    return disabled_by(await read_switches(session, team_ids))


def disabled_by(switches: Switches) -> PostmortemsDisabled | None:
    """One that belongs to several teams is possible while one of them uses postmortems."""
    if not switches.organization:
        return PostmortemsDisabled(whom="your organization")
    if switches.disabled_teams and len(switches.disabled_teams) == switches.teams:
        return PostmortemsDisabled(whom=", ".join(switches.disabled_teams))
    return None


async def switch_postmortems(
    session: Session, viewer: Viewer, *, enabled: bool, expected_version: int | None, now: datetime
) -> Organization:
    """For the whole organization. What changes nothing makes no version. The caller checks who may. Raises
    StaleVersion."""
    row = await get_organization(session, lock=True)
    if expected_version is not None and expected_version != row.version:
        raise StaleVersion(expected=str(expected_version), current=row.version)
    if row.postmortems_enabled != enabled:
        row.postmortems_enabled = enabled
        row.version += 1
        row.updated_at = now
        before, after = {"postmortemsEnabled": not enabled}, {"postmortemsEnabled": enabled}
        audit(session, viewer, "organization.updated", "organization", "organization", before=before, after=after)
    await session.flush()
    return row
