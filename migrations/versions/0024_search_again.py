"""texts with letters beyond ASCII are searched by their folded and split words

A hundred postmortems at a time, each in a transaction of its own: readers and writers never wait for more than that.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BATCH = 100
TEXTS = {
    "section": "body",
    "timeline_event": "event",
    "comment": "body",
    "action_item": "description || ' ' || coalesce(details, '')",
}
ASSIGNED = {"section": "body", "timeline_event": "event", "comment": "body", "action_item": "description"}
NEXT = "select id from postmortem where id > :last order by id limit :batch"
TITLED = """
select refresh_search_document(array(
    select id from postmortem where id = any(:ids)
        and (octet_length(title) <> length(title) or octet_length(tags::text) <> length(tags::text))
))
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        last = ""
        while ids := connection.execute(sa.text(NEXT), {"last": last, "batch": BATCH}).scalars().all():
            for table, words in TEXTS.items():
                written = ASSIGNED[table]  # assigning it, though unchanged, makes the trigger of 0023 run
                connection.execute(
                    sa.text(
                        f"update {table} set {written} = {written}"  # noqa: S608 - names of our own
                        f" where postmortem_id = any(:ids) and octet_length({words}) <> length({words})"
                    ),
                    {"ids": list(ids)},
                )
            connection.execute(sa.text(TITLED), {"ids": list(ids)})
            last = ids[-1]


def downgrade() -> None:
    pass
