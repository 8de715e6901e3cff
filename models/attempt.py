"""Wrong codes and tokens, counted by the address that they came from."""

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Instant, Key


class WrongAttempts(Base):
    """How many came from an address since ``began_at``, the beginning of a window of some minutes."""

    __tablename__ = "wrong_attempts"

    address: Mapped[Key]
    began_at: Mapped[Instant] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(default=1)
