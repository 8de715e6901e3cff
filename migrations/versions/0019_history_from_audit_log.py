"""the history of action items and the first publications, as far as the audit log tells them"""

from collections.abc import Sequence

from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEX = "ix_action_item_history_action_item_id_id"
FOREIGN_KEY = "fk_action_item_history_action_item_id"

# Writers wait until this is done, and readers don't. What was written since the last migration is in the log, too.
LOCK = "lock table action_item, postmortem in share row exclusive mode"

# What the log does not tell is inferred, and its row is not known: the beginning of an item whose creation was not
# audited; what an entry says that was before it, if the entry before left something else; and the row as it is now, if
# the last entry left something else. A due date that was never moved is the first one, whatever the log tells. The last
# row of each item, without a status, is its first due date.
TOLD = """
create function pg_temp.told() returns table (item_id text, at timestamptz, status text, due_on date, known boolean)
language plpgsql as $$
declare
    item record;
    entry record;
    known_status boolean;
    known_due boolean;
    first_due date;
    known_first boolean;
begin
    for item in
        select a.id, a.created_at, a.updated_at, a.status, a.due_on, a.due_on_moves from action_item a order by a.id
    loop
        item_id := item.id;
        at := item.created_at;
        select e.after into entry from audit_entry e where e.entity_id = item.id and e.action = 'action_item.created';
        known := found;
        known_status := found;
        known_due := found;
        if found then
            status := entry.after ->> 'status';
            due_on := entry.after ->> 'due_on';
        else
            select e.before into entry from audit_entry e
                where e.entity_id = item.id and e.action = 'action_item.updated' and e.after ? 'status'
                order by e.id limit 1;
            status := case when found then entry.before ->> 'status' else item.status end;
            select e.before into entry from audit_entry e
                where e.entity_id = item.id and e.action = 'action_item.updated' and e.after ? 'due_on'
                order by e.id limit 1;
            due_on := case when found then (entry.before ->> 'due_on')::date else item.due_on end;
        end if;
        first_due := due_on;
        known_first := known;
        return next;

        for entry in
            select e.at, e.before, e.after, e.after ? 'status' as of_status, e.after ? 'due_on' as of_due
            from audit_entry e
            where e.entity_id = item.id and e.action = 'action_item.updated' and e.after ?| array['status', 'due_on']
            order by e.id
        loop
            at := entry.at;
            if entry.of_status and entry.before ->> 'status' <> status
                or entry.of_due and (entry.before ->> 'due_on')::date is distinct from due_on
            then
                status := case when entry.of_status then entry.before ->> 'status' else status end;
                due_on := case when entry.of_due then (entry.before ->> 'due_on')::date else due_on end;
                known := false;
                known_first := known_first and first_due is not null;
                first_due := coalesce(first_due, due_on);
                return next;
            end if;
            status := case when entry.of_status then entry.after ->> 'status' else status end;
            due_on := case when entry.of_due then (entry.after ->> 'due_on')::date else due_on end;
            known_status := known_status or entry.of_status;
            known_due := known_due or entry.of_due;
            known := known_status and known_due;
            first_due := coalesce(first_due, due_on);
            return next;
        end loop;

        if status <> item.status or due_on is distinct from item.due_on then
            at := item.updated_at;
            status := item.status;
            due_on := item.due_on;
            known := false;
            known_first := known_first and first_due is not null;
            return next;
        end if;

        at := null;
        status := null;
        known := known_first or item.due_on_moves = 0;
        due_on := case when item.due_on_moves = 0 then item.due_on when known then first_due end;
        if due_on is not null or not known then
            return next;
        end if;
    end loop;
end $$
"""
HISTORY = """
insert into action_item_history (action_item_id, at, status, due_on, known)
select item_id, at, status, due_on, known from told where status is not null order by place
"""
FIRST_DUE = """
update action_item set first_due_on = told.due_on, first_due_on_known = told.known
from told where told.status is null and told.item_id = action_item.id
"""

# Without the entry of its creation, the log may lack an earlier publication, too.
FIRST_PUBLISHED = """
update postmortem one set
    first_published_at = case
        when not told.whole then null
        when told.times = 1 then coalesce(one.published_at, told.first_at)
        else told.first_at
    end,
    first_published_at_known = told.whole and (told.times > 0 or one.published_at is null)
from (
    select row.id,
        exists (select from audit_entry where entity_id = row.id and action = 'postmortem.created') as whole,
        count(entry.id) as times, min(entry.at) as first_at
    from postmortem row left join audit_entry entry on entry.entity_id = row.id and entry.action = 'postmortem.published'
    group by row.id
) told
where told.id = one.id and (not told.whole or told.times > 0 or one.published_at is not null)
"""


def upgrade() -> None:
    op.execute(LOCK)
    op.execute(TOLD)
    op.execute(
        "create temporary table told on commit drop as select * from pg_temp.told() with ordinality t"
        " (item_id, at, status, due_on, known, place)"
    )
    op.execute("drop function pg_temp.told()")
    op.execute("truncate action_item_history")
    op.execute(HISTORY)
    op.create_index(INDEX, "action_item_history", ["action_item_id", "id"])
    op.create_foreign_key(
        FOREIGN_KEY, "action_item_history", "action_item", ["action_item_id"], ["id"], ondelete="CASCADE"
    )
    op.execute(FIRST_DUE)
    op.execute(FIRST_PUBLISHED)


def downgrade() -> None:
    op.drop_constraint(FOREIGN_KEY, "action_item_history")
    op.drop_index(INDEX, table_name="action_item_history")
