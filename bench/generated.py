"""A database with very many postmortems, made in place by PostgreSQL itself: nothing of it is read from anywhere.

Words follow Zipf's law over 30,000 made-up ones, so that there are words in nearly every postmortem, in one of ten, in
one of a hundred, and in a handful. Numbers: a fifth of them drafts or in review, a tenth PRIVATE by choice, 2,000
people in 60 teams, three sections, five events, two comments and two action items each.
"""

import asyncpg
from sqlalchemy.engine import make_url

WORDS, PHRASES, PEOPLE, TEAMS, SERVICES = 30_000, 50_000, 2_000, 60, 200
SYLLABLES = [first + vowel for first in ("b", "d", "f", "g", "k", "pl", "st", "tr") for vowel in "aiou"]
PHRASE_LENGTH = 12


def word(rank: int) -> str:
    """The made-up word of that rank (1 is the commonest). English endings are left out: each stem is one word."""
    text, number = "", rank * 7919 + 13
    for _ in range(4):
        number, one = divmod(number, len(SYLLABLES))
        text += SYLLABLES[one]
    return f"{text}k"


_STATEMENTS = (
    "select setseed(0.42)",
    "set session_replication_role = replica",  # no trigger and no foreign key: the search documents are made at once
    "set synchronous_commit = off",
    """create temp table phrase as
       select id, string_agg(text, ' ') as text from (
           select id, floor(power({words}, random()))::int as rank
           from generate_series(0, {phrases} - 1) as id, generate_series(1, {phrase_length})
       ) as picked join word using (rank) group by id""",
    """insert into person (id, email, name, handle, role, is_active, time_zone, notification_preferences)
       select 'user_g' || n, 'g' || n || '@example.com', 'Person ' || n, 'g' || n, 'RESPONDER', true, 'UTC', '{{}}'
       from generate_series(0, {people} - 1) as n""",
    "insert into team (id, name) select 'team_g' || n, 'Team ' || n from generate_series(0, {teams} - 1) as n",
    """insert into team_member (team_id, person_id)
       select distinct 'team_g' || mod(n * spread, {teams}), 'user_g' || n
       from generate_series(0, {people} - 1) as n, unnest(array[1, 7]) as spread""",
    """insert into service (id, name, key, is_active)
       select 'svc_g' || n, 'service-' || n, 'service' || n, true from generate_series(0, {services} - 1) as n""",
    """insert into postmortem (id, content_revision, status, visibility, title, impact_metrics, custom_fields, tags,
           root_cause_category, author_id, policy_id, policy_version, publish_on_approval, workflow_started,
           created_at, updated_at, incident_resolved_at, draft_started_at)
       select 'pm_g' || lpad(n::text, 9, '0'), 1,
           (array['DRAFT', 'IN_REVIEW', 'ARCHIVED', 'ARCHIVED', 'PUBLISHED'])[1 + least(mod(n * 31, 20) / 2, 4)],
           (array['PRIVATE', 'TEAM', 'TEAM', 'ORGANIZATION', null])[1 + least(mod(n * 17, 10), 4)],
           initcap(split_part(phrase.text, ' ', 1) || ' ' || split_part(phrase.text, ' ', 2)) || ' '
               || split_part(phrase.text, ' ', 3) || ' ' || split_part(phrase.text, ' ', 4),
           '{{}}', '{{}}', array[split_part(phrase.text, ' ', 5)],
           (array['change', 'capacity', 'dependency', 'hardware'])[1 + mod(n, 4)],
           'user_g' || floor(random() * {people})::int, 'pol_default', 1, false, true,
           timestamptz '2018-01-01' + n * interval '40 minutes', timestamptz '2018-01-01' + n * interval '41 minutes',
           timestamptz '2018-01-01' + n * interval '40 minutes' - interval '5 minutes',
           timestamptz '2018-01-01' + n * interval '40 minutes' + mod(n, 30) * interval '1 hour'
       from (select n, floor(random() * {phrases})::int as pick from generate_series(1, {count}) as n) as one
       join phrase on phrase.id = one.pick order by n""",
    """update postmortem set submitted_at = draft_started_at + mod(number, 70) * interval '1 hour',
           reviewed_at = draft_started_at + mod(number, 200) * interval '1 hour',
           published_at = draft_started_at + mod(number, 400) * interval '1 hour',
           first_published_at = draft_started_at + mod(number, 400) * interval '1 hour'
       where id like 'pm_g%' and status in ('PUBLISHED', 'ARCHIVED')""",
    """insert into postmortem_target (postmortem_id, name, due_at, met_at, slips)
       select id, name, created_at + hours * interval '1 hour',
           case name when 'draft_started' then draft_started_at when 'draft_completed' then submitted_at
               when 'review_completed' then reviewed_at else published_at end, 0
       from postmortem, (values ('draft_started', 24), ('draft_completed', 48), ('review_completed', 168),
           ('published', 336)) as target (name, hours) where id like 'pm_g%'""",
    """insert into postmortem_team (postmortem_id, team_id)
       select id, 'team_g' || floor(random() * {teams})::int from postmortem
       where id like 'pm_g%' and mod(number, 5) > 0""",
    """insert into postmortem_service (postmortem_id, service_id)
       select distinct id, 'svc_g' || floor(power({services}, random()) - 1)::int
       from postmortem, generate_series(1, 2) where id like 'pm_g%'""",
    """insert into postmortem_participant (postmortem_id, person_id, ordinal)
       select id, 'user_g' || floor(random() * {people})::int, n from postmortem, generate_series(1, 4) as n
       where id like 'pm_g%' on conflict do nothing""",
    """insert into postmortem_reviewer (postmortem_id, person_id)
       select id, 'user_g' || floor(random() * {people})::int from postmortem, generate_series(1, 2)
       where id like 'pm_g%' on conflict do nothing""",
    """insert into postmortem_editor (postmortem_id, person_id, level)
       select id, 'user_g' || floor(random() * {people})::int, 'EDIT' from postmortem where id like 'pm_g%'""",
    """insert into section (postmortem_id, name, body, revision)
       select one.id, name, string_agg(phrase.text, '. '), 1
       from (
           select id, name, floor(random() * {phrases})::int as pick
           from postmortem, unnest(array['summary', 'impact', 'rootCause']) as name, generate_series(1, 5)
           where id like 'pm_g%'
       ) as one join phrase on phrase.id = one.pick group by one.id, name order by one.id""",
    """insert into timeline_event (id, postmortem_id, at, event, type, source)
       select 'evt_g' || row_number() over (), one.id, one.created_at + n * interval '7 minutes', phrase.text,
           'OTHER', 'manual'
       from (
           select id, created_at, n, floor(random() * {phrases})::int as pick
           from postmortem, generate_series(1, 5) as n where id like 'pm_g%'
       ) as one join phrase on phrase.id = one.pick order by one.id""",
    """insert into comment (id, postmortem_id, author_id, section, body, created_at, updated_at)
       select 'cmt_g' || row_number() over (), one.id, 'user_g' || mod(pick, {people}), 'impact', phrase.text,
           one.created_at, one.created_at
       from (
           select id, created_at, floor(random() * {phrases})::int as pick
           from postmortem, generate_series(1, 2) where id like 'pm_g%'
       ) as one join phrase on phrase.id = one.pick order by one.id""",
    """insert into action_item (id, postmortem_id, description, owner_id, due_on, priority, status, due_on_moves,
           workflow_started, created_at, updated_at, first_due_on, type, completed_at)
       select 'ai_g' || row_number() over (), one.id, phrase.text, 'user_g' || mod(pick, {people}),
           one.created_at::date + 30, 'MEDIUM', case when is_done then 'COMPLETED' else 'OPEN' end, 0, true,
           one.created_at, one.created_at, one.created_at::date + 30,
           (array['PREVENT', 'DETECT', 'MITIGATE', 'PROCESS', null])[1 + mod(pick, 5)],
           case when is_done then one.created_at + mod(pick, 40) * interval '1 day' end
       from (
           select id, created_at, floor(random() * {phrases})::int as pick
           from postmortem, generate_series(1, 2) where id like 'pm_g%'
       ) as one join phrase on phrase.id = one.pick,
       lateral (select mod(pick, 3) > 0 or mod(pick, 20) > 0 and created_at < '2025-05-01' as is_done) as done
       order by one.id""",
    """insert into action_item_history (action_item_id, postmortem_id, at, status, due_on, until)
       select id, postmortem_id, created_at, 'OPEN', due_on, coalesce(completed_at, 'infinity')
       from action_item where id like 'ai_g%'""",
    """insert into action_item_history (action_item_id, postmortem_id, at, status, due_on)
       select id, postmortem_id, completed_at, 'COMPLETED', due_on from action_item
       where id like 'ai_g%' and completed_at is not null""",
    """insert into integration (id, kind, name, config, is_enabled)
       values ('int_g', 'console', 'Tickets', '{{}}', true)""",
    """insert into ticket (id, action_item_id, integration_id, tracker, external_id, link_state)
       select 'tkt_' || id, id, 'int_g', 'console', id, 'ok' from action_item
       where id like 'ai_g%' and hashtext(id) % 2 = 0""",
    "drop index ix_search_document_words",
    """insert into search_document (postmortem_id, created_at, words)
       select id, created_at, search_words(id) from postmortem where id like 'pm_g%' order by id""",
    "create index ix_search_document_words on search_document using gin (words) with (gin_pending_list_limit = 256)",
    "set session_replication_role = origin",
    "vacuum analyze",
)


async def fill(url: str, count: int = 100_000) -> None:
    """Adds that many postmortems to a migrated and seeded database."""
    parts = make_url(url)
    connection = await asyncpg.connect(
        host=parts.query["host"], port=int(str(parts.query["port"])), user=parts.username, database=parts.database
    )
    await connection.execute("create temp table word (rank int primary key, text text not null)")
    await connection.copy_records_to_table("word", records=[(rank, word(rank)) for rank in range(1, WORDS + 1)])
    sizes = {
        "words": WORDS,
        "phrases": PHRASES,
        "phrase_length": PHRASE_LENGTH,
        "people": PEOPLE,
        "teams": TEAMS,
        "services": SERVICES,
        "count": count,
    }
    for statement in _STATEMENTS:
        await connection.execute(statement.format(**sizes))
    await connection.close()
