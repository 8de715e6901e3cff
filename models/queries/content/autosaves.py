"""What is saved while people type: read and written in one statement each. The callers check who may, and lock the
postmortem's row."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from domain.content.autosaves import EarlierSave
from domain.content.sections import NewRevision, Origin, SectionText
from models.content import SectionRevision
from models.queries.prebuilt import Prebuilt


@dataclass(frozen=True, slots=True)
class SavedBefore:
    """What a save that nobody asked for begins with: the section, and the person's last revision that is not replaced.

    ``before`` is the text that the history shows before that revision, ``base`` that of the revision which was asked
    for; None if it isn't known any more. ``sent`` is the revision that holds just the text that is to be saved, from
    when an earlier answer didn't reach its author; None if there is none.
    """

    section: SectionText
    earlier: EarlierSave | None
    before: str
    base: str | None
    sent: int | None = None


_READ = Prebuilt(
    text("""
    with current as (
        select body, revision, updated_at, updated_by from section where postmortem_id = :postmortem_id and name = :name
    ), earlier as (
        select revision, editing_id, window_began_at, audit_entry_id from section_revision
        where postmortem_id = :postmortem_id and name = :name and author_id = :person_id and superseded_at is null
        order by revision desc limit 1
    )
    select current.*, earlier.revision as earlier_revision, earlier.editing_id, earlier.window_began_at,
        earlier.audit_entry_id,
        exists (select from review where postmortem_id = :postmortem_id
            and cast(section_revisions ->> :name as bigint) = earlier.revision) as is_reviewed,
        (select body from section_revision where postmortem_id = :postmortem_id and name = :name
            and revision = cast(:base as bigint)) as base,
        (select max(revision) from section_revision where postmortem_id = :postmortem_id and name = :name
            and revision > cast(:base as bigint) and author_id = :person_id and superseded_at is not null
            and body = cast(:text as text)) as sent,
        case when earlier.editing_id is not null then (
            select body from section_revision where postmortem_id = :postmortem_id and name = :name
                and superseded_at is null and revision < earlier.revision order by revision desc limit 1
        ) end as before
    from current left join earlier on true
    """)
)


async def read_saved(
    session: AsyncSession, postmortem_id: str, name: str, person_id: str, base_revision: int, body: str
) -> SavedBefore:
    values = {"postmortem_id": postmortem_id, "name": name, "person_id": person_id}
    row = await _READ.row(session, **values, base=base_revision, text=body)
    if row is None:
        return SavedBefore(SectionText(name), None, "", "" if base_revision == 0 else None)
    section = SectionText(name, row["body"], row["revision"], row["updated_at"], row["updated_by"])
    earlier = None
    if row["editing_id"] is not None:
        names = ("earlier_revision", "editing_id", "window_began_at", "audit_entry_id", "is_reviewed")
        earlier = EarlierSave(*(row[one] for one in names))
    base = "" if base_revision == 0 else row["base"]
    return SavedBefore(section, earlier, row["before"] or "", base, row["sent"])


_WRITE = Prebuilt(
    text("""
    with written as (
        insert into section (postmortem_id, name, body, revision, updated_at, updated_by)
        values (:postmortem_id, :name, :body, cast(:revision as bigint), cast(:now as timestamptz), :person_id)
        on conflict (postmortem_id, name) do update set body = excluded.body, revision = excluded.revision,
            updated_at = excluded.updated_at, updated_by = excluded.updated_by
    ), replaced as (
        update section_revision set superseded_at = cast(:now as timestamptz)
        where postmortem_id = :postmortem_id and name = :name and revision = cast(:replaces as bigint)
    ), added as (
        insert into audit_entry (actor_id, origin, action, entity_kind, entity_id, postmortem_id, before, after, at)
        select :person_id, :origin, 'postmortem.updated', 'postmortem', :postmortem_id, :postmortem_id,
            cast(:before as jsonb), cast(:after as jsonb), cast(:now as timestamptz)
        where cast(:extends as bigint) is null
        returning id
    ), extended as (
        update audit_entry set after = cast(:after as jsonb) where id = cast(:extends as bigint)
    ), sent as (
        insert into section_revision (postmortem_id, name, revision, body, author_id, at, origin, added_lines,
            removed_lines, superseded_at)
        select :postmortem_id, :name, cast(:revision as bigint) - 1, cast(:sent as text), :person_id,
            cast(:now as timestamptz), 'edit', 0, 0, cast(:now as timestamptz)
        where cast(:sent as text) is not null
    )
    insert into section_revision (postmortem_id, name, revision, body, author_id, at, origin, added_lines,
        removed_lines, editing_id, window_began_at, audit_entry_id)
    values (:postmortem_id, :name, cast(:revision as bigint), :body, :person_id, cast(:now as timestamptz), :kind,
        cast(:added as integer), cast(:removed as integer), :editing_id, cast(:began_at as timestamptz),
        coalesce(cast(:extends as bigint), (select id from added)))
    """)
)


@dataclass(frozen=True, slots=True)
class Save:
    """``sent`` is the text as its author sent it, where others' changes were merged into it: it takes the number before
    the new revision's, and the author goes on from there. ``replaces`` is the revision that the new one takes the place
    of in the history, ``extends`` the entry of the audit log that says what both changed."""

    new: NewRevision
    editing_id: str
    window_began_at: datetime
    replaces: int | None
    extends: int | None
    sent: str | None = None


async def write_save(
    session: AsyncSession, postmortem_id: str, save: Save, *, person_id: str, origin: str, before: str, now: datetime
) -> None:
    """The section, its revision and the entry of the audit log, in one statement."""
    name = save.new.name
    await _WRITE.write(
        session,
        postmortem_id=postmortem_id,
        name=name,
        body=save.new.body,
        revision=save.new.revision,
        now=now,
        person_id=person_id,
        replaces=save.replaces,
        origin=origin,
        before=json.dumps({name: before or None}),
        after=json.dumps({name: save.new.body or None}),
        extends=save.extends,
        sent=save.sent,
        kind=(Origin.EDIT if save.sent is None else Origin.MERGE).value,
        added=save.new.added_lines,
        removed=save.new.removed_lines,
        editing_id=save.editing_id,
        began_at=save.window_began_at,
    )


async def delete_superseded(session: AsyncSession, before: datetime, limit: int) -> int:
    """Deletes texts that were replaced before that instant; how many."""
    row = SectionRevision
    key = tuple_(row.postmortem_id, row.name, row.revision)
    old = select(row.postmortem_id, row.name, row.revision).where(row.superseded_at < before).limit(limit)
    done = await session.execute(delete(row).where(key.in_(old)).returning(row.revision))
    return len(done.all())
