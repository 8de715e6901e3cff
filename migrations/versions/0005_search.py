"""search over everything that people write"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

VECTORS = {
    "timeline_event": "to_tsvector('english', left(event, 20000))",
    "comment": "to_tsvector('english', left(body, 20000))",
    "action_item": "to_tsvector('english', left(description || ' ' || coalesce(details, ''), 100000))",
}

# Each word of a postmortem once, with a position for each kind of place in which it stands: 1A its title and tags,
# 2B sections, 3C action items, 4D the timeline, 5D comments. A tsvector holds 1 MB: beyond that the longest words go.
SEARCH_WORDS = """
create function search_words(postmortem text) returns tsvector language sql stable
set search_path from current as $$
    with place (name, vector) as (
        select '1A', to_tsvector('english', title || ' ' || array_to_string(tags, ' '))
        from postmortem as p where p.id = search_words.postmortem
        union all select '2B', search from section where postmortem_id = search_words.postmortem
        union all select '3C', search from action_item where postmortem_id = search_words.postmortem
        union all select '4D', search from timeline_event where postmortem_id = search_words.postmortem
        union all select '5D', search from comment where postmortem_id = search_words.postmortem
    ),
    word (lexeme, places) as (
        select lexeme, string_agg(name, ',')
        from (select distinct lexeme, name from place, unnest(tsvector_to_array(vector)) as lexeme) as one
        group by lexeme
    ),
    sized as (
        select *, sum(octet_length(lexeme) + 16) over (order by octet_length(lexeme), lexeme) as size from word
    )
    select coalesce(
        string_agg(
            '''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || ''':' || places, ' '
        ), ''
    )::tsvector
    from sized where size < 1000000
$$
"""

# In id order, so that two transactions never wait for each other in a circle; a statement after the lock, so that it
# sees what the holder committed.
REFRESH = """
create function refresh_search_document(ids text[]) returns void language plpgsql
set search_path from current as $$
begin
    perform from search_document where postmortem_id = any (ids) order by postmortem_id for update;
    update search_document as document set words = fresh.words
    from (select one.id, search_words(one.id) as words from (select distinct unnest(ids) as id) as one) as fresh
    where document.postmortem_id = fresh.id and document.words is distinct from fresh.words;
end $$
"""

POSTMORTEM_OPENED = """
create function search_postmortem_opened() returns trigger language plpgsql set search_path from current as $$
begin
    insert into search_document (postmortem_id, created_at, words)
    values (new.id, new.created_at, search_words(new.id));
    return null;
end $$
"""
POSTMORTEM_RENAMED = """
create function search_postmortem_renamed() returns trigger language plpgsql set search_path from current as $$
begin
    perform refresh_search_document(array[new.id]);
    return null;
end $$
"""
ROWS_CHANGED = """
create function search_rows_changed() returns trigger language plpgsql set search_path from current as $$
begin
    perform refresh_search_document(array(select distinct postmortem_id from changed));
    return null;
end $$
"""
ROW_REWORDED = """
create function search_row_reworded() returns trigger language plpgsql set search_path from current as $$
begin
    perform refresh_search_document(array[new.postmortem_id]);
    return null;
end $$
"""

LINKS = (
    ("postmortem_participant", "person_id"),
    ("postmortem_editor", "person_id"),
    ("postmortem_reviewer", "person_id"),
    ("postmortem_team", "team_id"),
)
TABLES = ("section", "action_item", "timeline_event", "comment")


def upgrade() -> None:
    for table, expression in VECTORS.items():
        vector = sa.Column("search", postgresql.TSVECTOR(), sa.Computed(expression, persisted=True), nullable=False)
        op.add_column(table, vector)
    op.drop_index("ix_postmortem_search", table_name="postmortem", postgresql_using="gin")
    op.drop_column("postmortem", "search")
    op.drop_index("ix_section_search", table_name="section", postgresql_using="gin")
    op.create_table(
        "search_document",
        sa.Column("postmortem_id", sa.Text(collation="C"), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["postmortem_id"], ["postmortem.id"], name=op.f("fk_search_document_postmortem_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("postmortem_id", name=op.f("pk_search_document")),
    )
    for function in (SEARCH_WORDS, REFRESH, POSTMORTEM_OPENED, POSTMORTEM_RENAMED, ROWS_CHANGED, ROW_REWORDED):
        op.execute(function)
    op.execute("insert into search_document select id, created_at, search_words(id) from postmortem")
    op.create_index(
        "ix_search_document_words",
        "search_document",
        ["words"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 256},
    )
    op.execute(
        "create trigger search_opened after insert on postmortem"
        " for each row execute function search_postmortem_opened()"
    )
    op.execute(
        "create trigger search_renamed after update of title, tags on postmortem"
        " for each row when (old.title is distinct from new.title or old.tags is distinct from new.tags)"
        " execute function search_postmortem_renamed()"
    )
    for table in TABLES:
        for event, rows in (("insert", "new"), ("delete", "old")):
            op.execute(
                f"create trigger search_{event} after {event} on {table} referencing {rows} table as changed"
                " for each statement execute function search_rows_changed()"
            )
        op.execute(
            f"create trigger search_reworded after update on {table} for each row"
            " when (old.search is distinct from new.search) execute function search_row_reworded()"
        )
    for table, column in LINKS:
        op.create_index(f"ix_{table}_{column}_postmortem_id", table, [column, "postmortem_id"])
        op.drop_index(f"ix_{table}_{column}", table_name=table)
    op.create_index("ix_audit_entry_actor_id_id", "audit_entry", ["actor_id", "id"])
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])


def downgrade() -> None:
    op.drop_index("ix_audit_entry_at", table_name="audit_entry")
    op.drop_index("ix_audit_entry_actor_id_id", table_name="audit_entry")
    for table, column in LINKS:
        op.create_index(f"ix_{table}_{column}", table, [column])
        op.drop_index(f"ix_{table}_{column}_postmortem_id", table_name=table)
    for table in TABLES:
        for event in ("insert", "delete", "reworded"):
            op.execute(f"drop trigger search_{event} on {table}")
    for event in ("opened", "renamed"):
        op.execute(f"drop trigger search_{event} on postmortem")
    for name in (
        "search_row_reworded()",
        "search_rows_changed()",
        "search_postmortem_renamed()",
        "search_postmortem_opened()",
        "refresh_search_document(text[])",
        "search_words(text)",
    ):
        op.execute(f"drop function {name}")
    op.drop_table("search_document")
    op.create_index("ix_section_search", "section", ["search"], postgresql_using="gin")
    title = "setweight(to_tsvector('english', title), 'A')"
    vector = sa.Column("search", postgresql.TSVECTOR(), sa.Computed(title, persisted=True), nullable=False)
    op.add_column("postmortem", vector)
    op.create_index("ix_postmortem_search", "postmortem", ["search"], postgresql_using="gin")
    for table in VECTORS:
        op.drop_column(table, "search")
