"""The declarative base, naming conventions and ids.

Ids are opaque text with a prefix (``pm_``, ``ai_`` ...), compared by byte (collation C). New ones are ULIDs, so that
rows made together lie together in an index; derived ones are a hash of what they stand for, so that making the same
thing twice meets its own primary key.
"""

import base64
import hashlib
from datetime import datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import TIMESTAMP, BigInteger, Index, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from ulid import ULID

Id = Annotated[str, mapped_column(Text(collation="C"))]
Key = Annotated[str, mapped_column(Text(collation="C"), primary_key=True)]
Instant = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(TIMESTAMP(timezone=True), server_default=func.now())]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
Version = Annotated[int, mapped_column(BigInteger, server_default="1", default=1)]


class Base(DeclarativeBase):
    type_annotation_map: ClassVar = {str: Text}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def new_id(prefix: str) -> str:
    return f"{prefix}_{str(ULID()).lower()}"


def derived_id(prefix: str, *parts: str) -> str:
    """The same id for the same parts, always."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()[:16]
    return f"{prefix}_{base64.b32encode(digest).decode().rstrip('=').lower()}"


def one_of(column: str, values: type[Any]) -> str:
    """A check constraint's text: the column holds one of an enumeration's values."""
    return f"{column} in ({', '.join(repr(str(one.value)) for one in values)})"


def search_index(table: str) -> Index:
    """Of a table's ``search``: finds the places of phrases."""
    with_short_list = {"gin_pending_list_limit": 256}
    return Index(f"ix_{table}_search", "search", postgresql_using="gin", postgresql_with=with_short_list)
