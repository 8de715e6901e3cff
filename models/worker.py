"""The workers that are running, and which of them does each background job."""

from sqlalchemy.orm import Mapped

from models.base import Base, CreatedAt, Id, Instant, Key


class WorkerPresence(Base):
    """When each worker last reported that it is alive; it does so every few seconds."""

    __tablename__ = "worker_presence"

    id: Mapped[Key]
    seen_at: Mapped[CreatedAt]


class BackgroundJob(Base):
    """``worker_id`` is the worker that does the job, until ``held_until``; then any other one may take it over."""

    __tablename__ = "background_job"

    name: Mapped[Key]
    worker_id: Mapped[Id]
    held_until: Mapped[Instant]
