"""Review meetings, who is invited to them, and the calendars in which people are busy."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.meetings.meeting import CalendarState, ConferenceKind, MeetingStatus, Response
from models.base import Base, CreatedAt, Id, Instant, Json, Key, Version, one_of


class Meeting(Base):
    """The record of a review meeting; its workflow is ``meeting-<id>``. Event and invitations follow from it.

    ``workflow_started`` false makes the row its own outbox, and ``next_at`` is when its workflow looks again. While
    ``told_request`` is less than ``request`` something is to be told to the calendar, the conference or the attendees.
    ``sequence`` counts changes of time, place and people (RFC 5546), and ``title`` is what they were told last.
    ``tells_outsiders``: people outside may read the agenda and get the link. With ``follows_target`` the meeting moves
    before the review target when that has moved from ``target_at``.

    ``remote_id``, ``remote_revision`` and ``calendar_url`` are the event as we wrote it last, ``agreed`` what both
    sides said then, and ``generation`` how many events there were before it. ``conference_id`` is the vendor's.
    ``organizer_mailed`` is as an attendee's ``mailed``, for an organizer who is none. ``postmortem_id`` is null once
    the postmortem is deleted.
    """

    __tablename__ = "meeting"
    __table_args__ = (
        CheckConstraint(one_of("status", MeetingStatus), name="status"),
        CheckConstraint(one_of("conference_kind", ConferenceKind), name="conference_kind"),
        CheckConstraint(f"calendar_state is null or {one_of('calendar_state', CalendarState)}", name="calendar_state"),
        CheckConstraint("minutes between 5 and 480", name="minutes"),
        Index(
            "uq_meeting_open",
            "postmortem_id",
            unique=True,
            postgresql_where="status = 'SCHEDULED' and not is_additional",
        ),
        Index("ix_meeting_postmortem_id_id", "postmortem_id", "id"),
        Index("ix_meeting_outbox", "id", postgresql_where="not workflow_started"),
        Index("ix_meeting_next_at", "next_at", postgresql_where="next_at is not null"),
        Index("ix_meeting_integration_id", "integration_id"),
    )

    id: Mapped[Key]
    version: Mapped[Version]
    postmortem_id: Mapped[Id | None] = mapped_column(ForeignKey("postmortem.id", ondelete="SET NULL"))
    status: Mapped[str] = mapped_column(default=MeetingStatus.SCHEDULED.value)
    is_additional: Mapped[bool] = mapped_column(default=False)
    title: Mapped[str]
    starts_at: Mapped[Instant]
    minutes: Mapped[int] = mapped_column(SmallInteger)
    time_zone: Mapped[str]
    location: Mapped[str | None]
    notes: Mapped[str | None]
    organizer_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    organizer_mailed: Mapped[int | None] = mapped_column(BigInteger)
    tells_outsiders: Mapped[bool] = mapped_column(default=False)
    follows_target: Mapped[bool] = mapped_column(default=False)
    target_at: Mapped[Instant | None]
    conference_kind: Mapped[str] = mapped_column(default=ConferenceKind.NONE.value)
    conference_integration_id: Mapped[Id | None] = mapped_column(ForeignKey("integration.id"))
    conference_id: Mapped[str | None]
    conference_url: Mapped[str | None]
    integration_id: Mapped[Id | None] = mapped_column(ForeignKey("integration.id"))
    calendar_state: Mapped[str | None]
    calendar_problem: Mapped[str | None]
    calendar_url: Mapped[str | None]
    remote_id: Mapped[str | None]
    remote_revision: Mapped[str | None]
    agreed: Mapped[Json | None]
    generation: Mapped[int] = mapped_column(SmallInteger, default=0)
    sequence: Mapped[int] = mapped_column(BigInteger, default=0)
    request: Mapped[int] = mapped_column(BigInteger, default=1)
    told_request: Mapped[int] = mapped_column(BigInteger, default=0)
    next_at: Mapped[Instant | None]
    workflow_started: Mapped[bool] = mapped_column(default=False)
    held_at: Mapped[Instant | None]
    cancelled_reason: Mapped[str | None]
    created_by_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]


class MeetingAttendee(Base):
    """Somebody who is invited, by the address that they are invited at; ``person_id`` is null for people outside.

    ``mailed`` is the highest sequence that our own invitation told them, null while it told nothing. One that was
    taken out has ``removed_at`` and stays, so that it can be told. ``problem`` says why no invitation reached them.
    """

    __tablename__ = "meeting_attendee"
    __table_args__ = (
        CheckConstraint(one_of("response", Response), name="response"),
        Index("ix_meeting_attendee_person_id", "person_id"),
    )

    meeting_id: Mapped[Key] = mapped_column(ForeignKey("meeting.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    required: Mapped[bool] = mapped_column(default=True)
    response: Mapped[str] = mapped_column(default=Response.NEEDS_ACTION.value)
    responded_at: Mapped[Instant | None]
    mailed: Mapped[int | None] = mapped_column(BigInteger)
    removed_at: Mapped[Instant | None]
    problem: Mapped[str | None]


class OwnCalendar(Base):
    """A calendar that somebody has said is theirs: it tells when they are busy. ``secrets`` are sealed.

    ``busy`` holds spans of time, never with titles, for at most an hour after ``busy_at``, and what they cover is
    ``busy_from`` until ``busy_until``.
    """

    __tablename__ = "own_calendar"
    __table_args__ = (Index("uq_own_calendar_person_id_address", "person_id", "address", unique=True),)

    id: Mapped[Key]
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    kind: Mapped[str]
    address: Mapped[str]
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    problem: Mapped[str | None]
    busy: Mapped[list[list[str]] | None] = mapped_column(JSONB)
    busy_at: Mapped[Instant | None]
    busy_from: Mapped[Instant | None]
    busy_until: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]
