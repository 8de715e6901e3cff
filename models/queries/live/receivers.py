"""Who may learn of a change: asked for every change, for all who wait at once."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import any_, func, literal, null, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from domain.live.changes import Change, Kind
from models.action_item import ActionItem
from models.content import Section
from models.meeting import Meeting
from models.person import ApiToken, Person
from models.postmortem import Comment, Postmortem
from models.queries.access.visibility import visible_to_person
from models.queries.prebuilt import Prebuilt, instant_of, texts_of

_VALID = Prebuilt(
    select(ApiToken.id)
    .join(Person, Person.id == ApiToken.person_id)
    .where(
        ApiToken.id == any_(texts_of("token_ids")),
        ApiToken.revoked_at.is_(None),
        or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > instant_of("now")),
        Person.is_active,
    )
)
"""Tokens and sessions that still hold."""

_given = func.unnest(texts_of("postmortem_ids")).table_valued("id", name="given").render_derived()
_SEEING = Prebuilt(
    select(_given.c.id.label("postmortem_id"), Person.id.label("person_id"), Person.name)
    .select_from(_given)
    .join(Person, Person.id == any_(texts_of("person_ids")))
    .where(Person.is_active, visible_to_person(_given.c.id))
)

_VERSIONS = Prebuilt(
    union_all(
        select(
            literal("postmortem").label("kind"),
            Postmortem.id,
            null().label("key"),
            Postmortem.version,
            null().label("owner_id"),
        ).where(Postmortem.id == any_(texts_of("postmortem_ids"))),
        select(literal("comment"), Comment.id, null(), Comment.version, null()).where(
            Comment.id == any_(texts_of("ids"))
        ),
        select(literal("action_item"), ActionItem.id, null(), ActionItem.version, ActionItem.owner_id).where(
            ActionItem.id == any_(texts_of("ids"))
        ),
        select(literal("meeting"), Meeting.id, null(), Meeting.version, null()).where(
            Meeting.id == any_(texts_of("ids"))
        ),
        select(literal("section"), Section.postmortem_id, Section.name, Section.revision, null()).where(
            Section.postmortem_id == any_(texts_of("postmortem_ids")), Section.name == any_(texts_of("ids"))
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Versions:
    """Of what changed, as it is now, and the owners of action items."""

    by_place: dict[tuple[str, str, str | None], int]
    owners: dict[str, str]

    def of(self, change: Change) -> int | None:
        """The postmortem's own where what changed has none; None for what is gone."""
        if change.kind is Kind.SECTION:
            return self.by_place.get(("section", change.postmortem_id or "", change.id))
        if change.kind in {Kind.COMMENT, Kind.ACTION_ITEM, Kind.MEETING}:
            return self.by_place.get((change.kind.value, change.id, None))
        return self.by_place.get(("postmortem", change.postmortem_id or "", None))


async def list_valid(session: AsyncSession, token_ids: Collection[str], now: datetime) -> set[str]:
    return {row[0] for row in await _VALID.rows(session, token_ids=sorted(token_ids), now=now)}


async def list_seeing(
    session: AsyncSession, postmortem_ids: Collection[str], person_ids: Collection[str]
) -> dict[str, set[str]]:
    """Who of these people may see each of the postmortems, with the rights that they have now."""
    found = defaultdict[str, set[str]](set)
    rows = await _SEEING.rows(session, postmortem_ids=sorted(postmortem_ids), person_ids=sorted(person_ids))
    for row in rows:
        found[row["postmortem_id"]].add(row["person_id"])
    return found


async def read_versions(session: AsyncSession, changes: Collection[Change]) -> Versions:
    postmortem_ids = sorted({one.postmortem_id for one in changes if one.postmortem_id})
    ids = sorted({one.id for one in changes})
    rows = await _VERSIONS.rows(session, postmortem_ids=postmortem_ids, ids=ids)
    return Versions(
        {(row["kind"], row["id"], row["key"]): row["version"] for row in rows},
        {row["id"]: row["owner_id"] for row in rows if row["owner_id"]},
    )


async def read_names_of_seeing(
    session: AsyncSession, postmortem_id: str, person_ids: Collection[str]
) -> dict[str, str]:
    """The names of those of these people who may see the postmortem."""
    rows = await _SEEING.rows(session, postmortem_ids=[postmortem_id], person_ids=sorted(person_ids))
    return {row["person_id"]: row["name"] for row in rows}
