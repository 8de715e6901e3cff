"""Adding, changing, and merging root-cause categories. Renaming one rewrites the postmortems that have it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit, change_row
from domain.access import Viewer, check_administers
from domain.errors import AlreadyExists, MergedIntoItself
from models.base import new_id
from models.content import RootCauseCategory
from models.queries.content import root_causes
from models.session import Session

KIND = "root_cause_category"


async def add_category(session: Session, viewer: Viewer, *, name: str, description: str) -> RootCauseCategory:
    """Postmortems that have this text as their category count for it at once.

    Raises NotAllowed, ScopeMissing, AlreadyExists.
    """
    check_administers(viewer, "add a root-cause category")
    row = await root_causes.insert_category(session, category_id=new_id("rcc"), name=name, description=description)
    if row is None:
        raise AlreadyExists(kind="root-cause category", field="name", value=name)
    audit(
        session, viewer, "root_cause_category.created", KIND, row.id, after={"name": name, "description": description}
    )
    return row


async def change_category(
    session: Session,
    viewer: Viewer,
    category_id: str,
    changes: Mapping[str, Any],
    expected: int | None,
    now: datetime,
) -> RootCauseCategory:
    """``changes`` are columns. A new name is written into all postmortems that have the former one.

    Raises NotAllowed, ScopeMissing, NotFound, StaleVersion, AlreadyExists.
    """
    check_administers(viewer, "change a root-cause category")
    row = (await root_causes.lock_categories(session, [category_id]))[category_id]
    former, name = row.name, changes.get("name", row.name)
    holder = await root_causes.find_id_by_name(session, name) if name != former else None
    if holder is not None and holder != category_id:
        raise AlreadyExists(kind="root-cause category", field="name", value=name)
    change_row(session, viewer, KIND, row, changes, expected)
    await session.flush()
    if name != former:
        await root_causes.rewrite_postmortems(session, viewer, former, name, now)
    return row


async def merge_category(
    session: Session, viewer: Viewer, category_id: str, into: str, now: datetime
) -> RootCauseCategory:
    """Another category takes over the postmortems of this one, which is listed no longer. Returns the other one.

    Raises NotAllowed, ScopeMissing, NotFound, MergedIntoItself.
    """
    check_administers(viewer, "merge root-cause categories")
    if category_id == into:
        raise MergedIntoItself(kind="root-cause category")
    found = await root_causes.lock_categories(session, [category_id, into])
    merged, kept = found[category_id], found[into]
    count = await root_causes.rewrite_postmortems(session, viewer, merged.name, kept.name, now)
    await root_causes.move_merged(session, category_id, into)
    merged.merged_into, merged.is_active = into, False
    merged.version += 1
    kept.version += 1
    for one, other in ((merged, {"into": kept.id}), (kept, {"merged": merged.id})):
        after = {**other, "postmortems": count}
        audit(session, viewer, "root_cause_category.merged", KIND, one.id, before={"name": merged.name}, after=after)
    await session.flush()
    return kept
