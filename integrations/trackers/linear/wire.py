"""What Linear's answers and events have in common."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Node(Wire):
    id: str


def id_of(node: Node | None) -> str | None:
    return node.id if node else None


def in_utc(at: datetime | None) -> datetime | None:
    return at and at.astimezone(UTC)
