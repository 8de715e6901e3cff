"""SQL about archives and imports."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.documents.importing.document import LineKind
from domain.documents.jobs import JobKind
from domain.errors import NotFound
from models.action_item import ActionItem
from models.audit import AuditEntry
from models.documents import ImportedPostmortem, Job, JobLine
from models.person import Person
from models.postmortem import Comment, Postmortem
from models.queries.access.visibility import visible_to
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, number_of
from models.team import Service

_REPORT = Order("report", JobLine.ordinal, JobLine.ordinal, descending=False)
_JOBS = Order("jobs", Job.created_at, Job.id)
BY_THE_IMPORT = ("postmortem.imported", "postmortem.read")
"""Entries of the audit log that don't say that somebody worked with an imported postmortem."""


async def insert_job(session: AsyncSession, job: Job) -> None:
    session.add(job)
    await session.flush()


def _shown_to(viewer: Viewer, kind: JobKind) -> Select[Job]:
    """Of an export, only the person who asked for it may know; of an import, every administrator."""
    statement = select(Job).where(Job.kind == kind.value)
    if kind is JobKind.EXPORT or not viewer.is_admin:
        statement = statement.where(Job.created_by == viewer.person_id)
    return statement


async def get_job(session: AsyncSession, viewer: Viewer, kind: JobKind, job_id: str, *, lock: bool = False) -> Job:
    """Raises NotFound."""
    statement = _shown_to(viewer, kind).where(Job.id == job_id)
    found = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if found is None:
        raise NotFound(kind=kind.value.lower(), id=job_id)
    return found


async def list_jobs(session: AsyncSession, viewer: Viewer, kind: JobKind, ask: Ask) -> Page[Job]:
    """The newest first."""
    rows, cursor = await fetch_page(session, _shown_to(viewer, kind), _JOBS, ask)
    return Page([row[0] for row in rows], cursor)


async def lock_job_unscoped(session: AsyncSession, job_id: str) -> Job | None:
    statement = select(Job).where(Job.id == job_id).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[tuple[str, str]]:
    """Ids and kinds."""
    return [(one["id"], one["kind"]) for one in await _UNSTARTED.rows(session, limit=limit)]


_UNSTARTED = Prebuilt(
    select(Job.id, Job.kind).where(~Job.workflow_started).order_by(Job.created_at).limit(number_of("limit"))
)


async def list_expired_unscoped(session: AsyncSession, now: datetime, limit: int) -> list[str]:
    """Jobs whose file lies in the store for no use any more."""
    statement = select(Job.id).where(Job.expires_at < now, Job.removed_at.is_(None)).order_by(Job.expires_at)
    return list((await session.execute(statement.limit(limit))).scalars())


async def mark_removed(session: AsyncSession, ids: Sequence[str], now: datetime) -> None:
    await session.execute(update(Job).where(Job.id.in_(ids)).values(removed_at=now))


# What an archive holds


async def list_visible_ids(session: AsyncSession, viewer: Viewer) -> list[str]:
    """Every postmortem that the viewer may see, by their numbers."""
    statement = select(Postmortem.id).where(visible_to(viewer)).order_by(Postmortem.number)
    return list((await session.execute(statement)).scalars())


async def count_visible(session: AsyncSession, viewer: Viewer, ids: Sequence[str]) -> int:
    statement = select(func.count()).select_from(Postmortem).where(Postmortem.id.in_(ids), visible_to(viewer))
    return int((await session.execute(statement)).scalar_one())


# Reports


async def list_report(
    session: AsyncSession, job_id: str, ask: Ask, kinds: Sequence[LineKind] | None = None
) -> Page[JobLine]:
    """In the order of the sources; only those kinds of lines. Ask only for viewers who may see the job."""
    statement = select(JobLine).where(JobLine.job_id == job_id)
    if kinds is not None:
        statement = statement.where(JobLine.kind.in_([one.value for one in kinds]))
    rows, cursor = await fetch_page(session, statement, _REPORT, ask, tie_type=int)
    return Page([row[0] for row in rows], cursor)


async def count_lines(session: AsyncSession, job_id: str) -> dict[str, int]:
    """By their kinds."""
    statement = select(JobLine.kind, func.count()).where(JobLine.job_id == job_id).group_by(JobLine.kind)
    return {row[0]: row[1] for row in await session.execute(statement)}


async def next_ordinal(session: AsyncSession, job_id: str) -> int:
    statement = select(func.coalesce(func.max(JobLine.ordinal), 0) + 1).where(JobLine.job_id == job_id)
    return int((await session.execute(statement)).scalar_one())


async def delete_lines(session: AsyncSession, job_id: str) -> None:
    await session.execute(delete(JobLine).where(JobLine.job_id == job_id))


# What an import meets and makes


async def may_take_id(session: AsyncSession, job_id: str, postmortem_id: str) -> bool:
    """Whether no postmortem has it, or one that this import has made."""
    own = select(ImportedPostmortem.job_id).where(
        ImportedPostmortem.postmortem_id == postmortem_id, ImportedPostmortem.job_id == job_id
    )
    there = select(Postmortem.id).where(Postmortem.id == postmortem_id, ~exists(own))
    return (await session.execute(there)).scalar_one_or_none() is None


async def people_by_email(session: AsyncSession, emails: Sequence[str]) -> dict[str, str]:
    """The ids of active people."""
    statement = select(Person.email, Person.id).where(
        Person.is_active, Person.email.in_([one.lower() for one in emails])
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def services_by_name(session: AsyncSession, names: Sequence[str]) -> list[str]:
    statement = select(Service.id).where(Service.name.in_(names)).order_by(Service.id)
    return list((await session.execute(statement)).scalars())


async def list_known_names(session: AsyncSession, names: Sequence[str]) -> set[str]:
    """Those of the names, in lower case, that an active person has as name, handle or e-mail."""
    lower = [one.lower() for one in names]
    columns = (func.lower(Person.name), func.lower(Person.handle), func.lower(Person.email))
    statement = select(*columns).where(Person.is_active, or_(*(one.in_(lower) for one in columns)))
    return {cell for row in await session.execute(statement) for cell in row} & set(lower)


async def find_by_title(session: AsyncSession, title: str, *, besides: str) -> str | None:
    """The oldest other postmortem of that title."""
    statement = select(Postmortem.id).where(func.lower(Postmortem.title) == title.lower(), Postmortem.id != besides)
    return (await session.execute(statement.order_by(Postmortem.number).limit(1))).scalar_one_or_none()


async def list_imported(session: AsyncSession, job_id: str, *, after: str, limit: int) -> list[ImportedPostmortem]:
    """In the order of their postmortems' ids."""
    statement = select(ImportedPostmortem).where(
        ImportedPostmortem.job_id == job_id, ImportedPostmortem.postmortem_id > after
    )
    return list((await session.execute(statement.order_by(ImportedPostmortem.postmortem_id).limit(limit))).scalars())


async def delete_untouched(session: AsyncSession, postmortem_id: str) -> bool:
    """Deletes an imported postmortem that nobody has worked with; False if somebody has."""
    worked = select(AuditEntry.id).where(
        AuditEntry.postmortem_id == postmortem_id, AuditEntry.action.not_in(BY_THE_IMPORT)
    )
    said = select(Comment.id).where(Comment.postmortem_id == postmortem_id)
    changed = select(ActionItem.id).where(ActionItem.postmortem_id == postmortem_id, ActionItem.version > 1)
    statement = delete(Postmortem).where(
        Postmortem.id == postmortem_id, Postmortem.version == 1, ~exists(worked), ~exists(said), ~exists(changed)
    )
    gone = await session.execute(statement.returning(Postmortem.id), execution_options={"synchronize_session": False})
    return gone.scalar_one_or_none() is not None
