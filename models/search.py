"""The table that full-text search searches."""

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CreatedAt, Key


class SearchDocument(Base):
    """Every word of a postmortem once, from its title, tags, sections, action items, timeline and comments.

    A word's positions say where it is: 1 with weight A in title or tags, 2B in a section, 3C in an action item, 4D in
    the timeline, 5D in a comment. Triggers (migration 0005) update it in the transaction that changes the text.
    ``created_at`` is the postmortem's; there is deliberately no index on it (decision 0008).
    """

    __tablename__ = "search_document"
    __table_args__ = (
        Index(
            "ix_search_document_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 256},
        ),
    )

    postmortem_id: Mapped[Key] = mapped_column(ForeignKey("postmortem.id", ondelete="CASCADE"))
    created_at: Mapped[CreatedAt]
    words: Mapped[Any] = mapped_column(TSVECTOR, deferred=True, deferred_raiseload=True)
