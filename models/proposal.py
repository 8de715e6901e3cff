"""Who would get access to a postmortem because an incident report names them, until someone with access decides."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant


class PostmortemProposal(Base):
    """A person or a team. It grants nothing: confirming it writes a row of ``postmortem_participant`` or
    ``postmortem_team``.

    ``added_by_id`` is the person whose report named it, null for a webhook. A dismissed one stays, so that the next
    report doesn't propose it again.
    """

    __tablename__ = "postmortem_proposal"
    __table_args__ = (
        CheckConstraint("num_nonnulls(person_id, team_id) = 1", name="subject"),
        UniqueConstraint("postmortem_id", "person_id", "team_id", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    postmortem_id: Mapped[Id] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    person_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    team_id: Mapped[Id | None] = mapped_column(ForeignKey("team.id"))
    incident_id: Mapped[Id | None] = mapped_column(ForeignKey("incident.id"))
    added_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    dismissed_at: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]
