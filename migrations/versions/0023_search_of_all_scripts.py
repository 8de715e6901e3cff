"""search folds accents and splits scripts that are written without blanks

Changes only the catalog and functions; the texts that are there follow in the next migration.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Chinese, Japanese and Korean letters, and those of Thai, Lao, Burmese and Khmer.
UNSPACED = (
    r"[\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Signs that a vowel or a letter carries in Latin, Greek, Cyrillic, Hebrew and Arabic. Those of India's scripts are
# letters of their own.
MARKS = r"[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
MARKS += r"\u00ad\u200b-\u200f\u2060\ufeff]"  # and what is drawn as nothing
# Where the database's letters are those of the locale C, everything beyond ASCII would be part of a word.
SIGNS = (
    r"[\u00a0-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2000-\u206f\u20a0-\u20bf\u2190-\u2bff"
    r"\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u303d\u30a0\u30fb\ufe10-\ufe6f\uff01-\uff0f\uff1a-\uff20"
    r"\uff3b-\uff40\uff5b-\uff65\U0001f000-\U0001faff]"
)
LETTERS = (
    "\u00f8\u0142\u0111\u0127\u0131\u0167\u00f0\u00d8\u0141\u0110\u0126\u0166\u00d0\u2019\u2018",
    "oldhitdOLDHTD''''",
)
PAIRS = {"\u00df": "ss", "\u1e9e": "SS", "\u00e6": "ae", "\u00c6": "AE", "\u0153": "oe", "\u0152": "OE", "\u00fe": "th"}

_REPLACED = "folded"
for _one, _two in PAIRS.items():
    _REPLACED = f"replace({_REPLACED}, '{_one}', '{_two}')"

# A word of such a script is every two letters that stand side by side, as in Lucene's analyzer for these languages.
SEARCH_TEXT = f"""
create function search_text(written text) returns text language plpgsql immutable strict parallel safe as $$
declare
    folded text;
begin
    if octet_length(written) = length(written) then
        return written;
    end if;
    folded := normalize(regexp_replace(normalize(written, NFKD), '{MARKS}', '', 'g'), NFC);
    folded := translate(folded, '{LETTERS[0]}', '{LETTERS[1]}');
    folded := {_REPLACED};
    folded := regexp_replace(folded, '{SIGNS}', ' ', 'g');
    folded := left(folded, length(written) + 1000);
    if folded !~ '{UNSPACED}' then
        return folded;
    end if;
    return (
        select string_agg(
            case
                when not is_unspaced then one
                when next_is and not before_is and before ~ '[[:alnum:]]' then ' ' || one || next || ' '
                when next_is then one || next || ' '
                when before_is then ''
                when before ~ '[[:alnum:]]' then ' ' || one || ' '
                else one || ' '
            end, '' order by place
        )
        from (
            select one, place, is_unspaced, lead(one) over sides as next,
                coalesce(lead(is_unspaced) over sides, false) as next_is, lag(one) over sides as before,
                coalesce(lag(is_unspaced) over sides, false) as before_is
            from (
                select one, place, one ~ '{UNSPACED}' as is_unspaced
                from unnest(string_to_array(folded, null)) with ordinality as letters (one, place)
            ) as letters
            window sides as (order by place)
        ) as placed
    );
end $$
"""  # noqa: S608 - names of our own

# Single letters of such scripts are words, too, without a place: phrases are of pairs. A tsvector holds 1 MB.
SEARCH_VECTOR = f"""
create function search_vector(written text) returns tsvector language plpgsql immutable strict parallel safe
set search_path from current as $$
begin
    if octet_length(written) = length(written) or written !~ '{UNSPACED}' then
        return to_tsvector('pg_catalog.english', search_text(written));
    end if;
    return to_tsvector('pg_catalog.english', search_text(left(written, 30000))) || array_to_tsvector(array(
        select distinct one from unnest(string_to_array(normalize(left(written, 30000), NFKC), null)) as one
        where one ~ '{UNSPACED}'
    ));
end $$
"""  # noqa: S608 - names of our own

TEXTS = {
    "section": (
        "name, body",
        (
            "setweight(search_vector(left(new.body, 75000)),"
            " case when new.name = 'summary' then 'B' else 'C' end::\"char\")"
        ),
    ),
    "timeline_event": ("event", "search_vector(left(new.event, 20000))"),
    "comment": ("body", "search_vector(left(new.body, 20000))"),
    "action_item": (
        "description, details",
        "search_vector(left(new.description || ' ' || coalesce(new.details, ''), 100000))",
    ),
}
EARLIER = {
    "section": (
        "setweight(to_tsvector('english', left(body, 75000)),"
        " case when name = 'summary' then 'B'::\"char\" else 'C'::\"char\" end)"
    ),
    "timeline_event": "to_tsvector('english', left(event, 20000))",
    "comment": "to_tsvector('english', left(body, 20000))",
    "action_item": "to_tsvector('english', left(description || ' ' || coalesce(details, ''), 100000))",
}
TITLE = "title || ' ' || array_to_string(tags, ' '))"


def _retitle(before: str, after: str) -> None:
    """Replaces how ``search_words`` reads the title; what else it does stays as it is."""
    op.execute(
        "do $do$ begin execute replace(pg_get_functiondef('search_words(text)'::regprocedure),"
        f" $a${before}$a$, $b${after}$b$); end $do$"
    )


def upgrade() -> None:
    op.execute(SEARCH_TEXT)
    op.execute(SEARCH_VECTOR)
    for table, (columns, expression) in TEXTS.items():
        op.execute(
            f"create function search_{table}_written() returns trigger language plpgsql"
            f" set search_path from current as $$ begin new.search := {expression}; return new; end $$"
        )
        op.execute(f"alter table {table} alter column search drop expression")
        op.execute(
            f"create trigger search_written before insert or update of {columns} on {table}"
            f" for each row execute function search_{table}_written()"
        )
        # like the generated column that it replaces: also in a copy, and where other triggers are off
        op.execute(f"alter table {table} enable always trigger search_written")
    _retitle(f"to_tsvector('english', {TITLE}", f"search_vector({TITLE}")


def downgrade() -> None:
    _retitle(f"search_vector({TITLE}", f"to_tsvector('english', {TITLE}")
    for table, expression in EARLIER.items():
        op.execute(f"drop trigger search_written on {table}")
        op.execute(f"drop function search_{table}_written()")
        op.execute(f"drop trigger search_reworded on {table}")
        op.execute(f"alter table {table} drop column search")
        op.execute(f"alter table {table} add column search tsvector generated always as ({expression}) stored not null")
        op.execute(
            f"create constraint trigger search_reworded after update on {table} deferrable initially deferred"
            " for each row when (old.search is distinct from new.search) execute function search_row_reworded()"
        )
    op.execute("drop function search_vector(text)")
    op.execute("drop function search_text(text)")
    op.execute("select refresh_search_document(array(select postmortem_id from search_document))")
