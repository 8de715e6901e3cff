"""Which account a person has in another system."""

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Key


class PersonAccount(Base):
    """One person, one account, in one connection. ``account`` is what the vendor calls it in its API, ``label`` what
    people call it there. ``source`` says where it comes from: entered by a person, an import, or the same e-mail."""

    __tablename__ = "person_account"
    __table_args__ = (
        CheckConstraint("source in ('MANUAL', 'IMPORT', 'EMAIL')", name="source"),
        UniqueConstraint("integration_id", "person_id"),
        UniqueConstraint("integration_id", "account"),
    )

    id: Mapped[Key]
    integration_id: Mapped[Id] = mapped_column(ForeignKey("integration.id", ondelete="CASCADE"))
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    account: Mapped[str] = mapped_column(Text)
    label: Mapped[str | None]
    source: Mapped[str]
    created_at: Mapped[CreatedAt]
