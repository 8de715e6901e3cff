"""Tables of the chat front end: bound channels, and messages that wait for a postmortem."""

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


class ChatChannel(Base):
    """A channel that is bound to a postmortem, or to an incident whose postmortem is not open yet."""

    __tablename__ = "chat_channel"
    __table_args__ = (CheckConstraint("num_nonnulls(postmortem_id, incident_id) = 1", name="about"),)

    integration_id: Mapped[Key] = mapped_column(ForeignKey("integration.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    postmortem_id: Mapped[Id | None] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"), index=True)
    incident_id: Mapped[Id | None] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"), index=True)
    bound_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]


class ChatPick(Base):
    """A message that was picked for an incident without a postmortem: an event of the timeline that it will have.

    ``key`` becomes the event's ``external_id``; ``at`` is the message's own time.
    """

    __tablename__ = "chat_pick"

    incident_id: Mapped[Key] = mapped_column(ForeignKey("incident.id", ondelete="CASCADE"))
    key: Mapped[Key]
    at: Mapped[Instant]
    event: Mapped[str]
    type: Mapped[str]
    actor: Mapped[str | None]
    picked_by_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]
