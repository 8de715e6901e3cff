"""The workers that are running."""

from sqlalchemy.orm import Mapped

from models.base import Base, CreatedAt, Key


class WorkerPresence(Base):
    """When each worker last reported that it is alive; it does so every few seconds."""

    __tablename__ = "worker_presence"

    id: Mapped[Key]
    seen_at: Mapped[CreatedAt]
