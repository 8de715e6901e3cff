"""API tokens, one-time sign-in links and web sessions, by which people and programs sign in."""

from sqlalchemy import ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Instant, Key


class ApiToken(Base):
    """Only the SHA-256 of a token is stored. Its 256 random bits need no slow hash."""

    __tablename__ = "api_token"

    id: Mapped[Key]
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    created_at: Mapped[CreatedAt]
