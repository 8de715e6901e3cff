"""The table of writing suggestions that people ignore, line by line."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Id, Key


class AdviceIgnore(Base):
    """``fingerprint`` is of the rule and the line's words (``domain.style.suggestions``): it applies as long as the
    line reads the same, wherever it is moved."""

    __tablename__ = "advice_ignore"

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    fingerprint: Mapped[Key]
    rule: Mapped[str]
    person_id: Mapped[Id] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[CreatedAt]
