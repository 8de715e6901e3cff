"""People, how they sign in, their working hours, absences, notification preferences and API tokens."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.access import Role
from models.base import Base, CreatedAt, Id, Instant, Key, Version, one_of


class Person(Base):
    """``is_active`` is false for people who left, at ``left_at``, and for placeholders of people whom a webhook named.

    ``country`` to ``closes`` are where and when they work, as in ``domain.people.calendar``; null means as in the
    office of their policy. ``delegate_id`` stands in while they are away. ``preferred_minute`` is the minute of their
    day at which their digest is sent, null for as soon as there is one. Nothing is sent from ``quiet_from`` until
    before ``quiet_until``, which may be after midnight. ``muted_kinds`` never mute an escalation, nor do
    ``notice_wishes``, which are those of ``domain.notifications.meanings``.
    """

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(one_of("role", Role), name="role"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("num_nulls(opens, closes) <> 1 and opens < closes", name="hours"),
        CheckConstraint("preferred_minute between 0 and 1439", name="preferred_minute"),
        CheckConstraint(
            "(quiet_from is null) = (quiet_until is null)"
            " and quiet_from between 0 and 1439 and quiet_until between 0 and 1439",
            name="quiet",
        ),
    )

    id: Mapped[Key]
    version: Mapped[Version]
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str]
    handle: Mapped[str] = mapped_column(Text, unique=True)
    role: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    left_at: Mapped[Instant | None]
    time_zone: Mapped[str] = mapped_column(default="UTC")
    notification_preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    country: Mapped[str | None]
    region: Mapped[str | None]
    working_days: Mapped[list[int] | None] = mapped_column(ARRAY(SmallInteger))
    opens: Mapped[int | None] = mapped_column(SmallInteger)
    closes: Mapped[int | None] = mapped_column(SmallInteger)
    away_from: Mapped[Instant | None]
    away_until: Mapped[Instant | None]
    delegate_id: Mapped[Id | None] = mapped_column(ForeignKey("person.id"))
    preferred_minute: Mapped[int | None]
    quiet_from: Mapped[int | None]
    quiet_until: Mapped[int | None]
    muted_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}", default=list)
    preferred_channel: Mapped[str | None]
    notice_wishes: Mapped[dict[str, dict[str, str]]] = mapped_column(JSONB, server_default="{}", default=dict)
    snoozed_until: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]


class ApiToken(Base):
    """Only the SHA-256 of a token is stored. Its 256 random bits need no slow hash.

    ``parent_id`` is the token that a session or a sign-in link began with, and ends with. A session knows from where it
    was last used (``address``, ``user_agent``) and, if it began at an identity provider, at which (``provider``), with
    its ID token, encrypted: the provider may ask for it when the person signs out.
    """

    __tablename__ = "api_token"

    id: Mapped[Key]
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    parent_id: Mapped[Id | None] = mapped_column(ForeignKey("api_token.id"), index=True)
    expires_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    provider: Mapped[str | None]
    id_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]


class PersonIdentity(Base):
    """Someone at an identity provider (``issuer``, ``subject``), and the person they are here.

    Until ``confirmed_at`` it is a request that an administrator decides, and lets nobody in. ``provider`` is the name
    of its settings, and ``email`` what the provider said at the last sign-in.
    """

    __tablename__ = "person_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[Key]
    version: Mapped[Version]
    provider: Mapped[str]
    issuer: Mapped[str]
    subject: Mapped[str]
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    email: Mapped[str | None]
    confirmed_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]


class SignInMail(Base):
    """An e-mail with a sign-in link that someone asked for, whether or not anyone has that address.

    Deleted once it is sent, or is not to be sent. ``wanted`` is the page that the link leads to.
    """

    __tablename__ = "sign_in_mail"

    id: Mapped[Key]
    email: Mapped[str]
    wanted: Mapped[str]
    workflow_started: Mapped[bool] = mapped_column(default=False, server_default="false", index=True)
    created_at: Mapped[CreatedAt]


class WrongAttempts(Base):
    """How many came from an address since ``began_at``, the beginning of a window of some minutes."""

    __tablename__ = "wrong_attempts"

    address: Mapped[Key]
    began_at: Mapped[Instant] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=1)
