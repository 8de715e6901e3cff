"""The barest code that gives the same answer: Starlette, the token's row, and one asyncpg statement that returns the
finished JSON. No rule of access, no session, no log, no metrics. ``python -m bench.bare PORT DATABASE_URL BASE_URL``.
"""

import hashlib
import sys

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

INSTANT = """replace(to_char(timezone('UTC', {0}), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000Z', 'Z')"""
INSTANTS = ("incident_resolved_at", "draft_started_at", "submitted_at", "reviewed_at", "published_at", "archived_at")


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(one.capitalize() for one in rest)


def pairs(table: str, *columns: str) -> str:
    return ", ".join(f"'{camel(one)}', {table}.{one}" for one in columns)


def listed(value: str, source: str, order: str = "") -> str:
    return f"(select coalesce(json_agg({value}{order}), '[]') from {source})"


def at(column: str) -> str:
    return INSTANT.format(column)


SHAPE = f"""
json_build_object(
    {pairs("p", "id", "version", "number", "title", "status")},
    'visibility', coalesce(p.visibility, case when p.status in ('PUBLISHED', 'ARCHIVED') then 'ORGANIZATION'
        when exists (select from postmortem_team where postmortem_id = p.id) then 'TEAM' else 'ORGANIZATION' end),
    'url', $2 || '/postmortems/' || p.id,
    'incidentId', (select incident_id from postmortem_incident where postmortem_id = p.id order by ordinal limit 1),
    'incidentIds', {listed("incident_id", "postmortem_incident where postmortem_id = p.id", " order by ordinal")},
    {pairs("p", "template_id", "template_version")},
    'teamIds', {listed("team_id", "postmortem_team where postmortem_id = p.id", " order by team_id")},
    'services', {
    listed(
        "json_build_object('id', s.id, 'name', s.name)",
        "postmortem_service l join service s on s.id = l.service_id where l.postmortem_id = p.id",
        " order by s.name",
    )
},
    {pairs("p", "author_id")},
    'editors', {
    listed(
        "json_build_object('userId', person_id, 'level', level)",
        "postmortem_editor where postmortem_id = p.id",
        " order by person_id",
    )
},
    'reviewers', {
    listed(
        "json_build_object('userId', person_id, 'state', case when decision is null then 'PENDING' else decision end,"
        f" 'decidedAt', {at('decided_at')})",
        "postmortem_reviewer where postmortem_id = p.id",
        " order by added_at",
    )
},
    'participants', {listed("person_id", "postmortem_participant where postmortem_id = p.id", " order by ordinal")},
    'impactMetrics', p.impact_metrics,
    'timeline', {
    listed(
        f"json_build_object('id', id, 'at', {at('at')}, 'precision', precision, 'event', event, 'type', type,"
        " 'actor', actor, 'source', source)",
        "timeline_event where postmortem_id = p.id",
        " order by at, ordinal",
    )
},
    {pairs("p", "custom_fields", "tags", "root_cause_category", "duration_minutes", "publish_on_approval")},
    'unresolvedComments', (select count(*) from comment where postmortem_id = p.id and parent_id is null
        and resolved_at is null),
    'actionItemCounts', (select json_build_object(
        'open', count(*) filter (where status = 'OPEN'), 'inProgress', count(*) filter (where status = 'IN_PROGRESS'),
        'completed', count(*) filter (where status = 'COMPLETED'), 'wontDo', count(*) filter (where status = 'WONT_DO'),
        'overdue', count(*) filter (where due_on < current_date and status in ('OPEN', 'IN_PROGRESS'))
    ) from action_item where postmortem_id = p.id),
    'sections', {
    listed(
        f"json_build_object('name', name, 'revision', revision, 'updatedAt', {at('updated_at')},"
        " 'updatedBy', updated_by)",
        "section where postmortem_id = p.id",
        " order by name",
    )
},
    'texts', (select json_object_agg(name, body) from section where postmortem_id = p.id),
    {", ".join(f"'{camel(one)}', {at('p.' + one)}" for one in (*INSTANTS, "created_at", "updated_at"))}
)
"""
ONE = f"select ({SHAPE})::text from postmortem p where p.id = $1"
MANY = f"""
select json_build_object('items', coalesce(json_agg({SHAPE} order by p.created_at desc, p.id desc), '[]'))::text
from (select * from postmortem order by created_at desc, id desc limit $1) p
"""
TOKEN = """
select person.id from api_token token join person on person.id = token.person_id
where token.token_hash = $1 and person.is_active and token.revoked_at is null
    and (token.expires_at is null or token.expires_at > now())
"""


def app(database_url: str, base_url: str) -> Starlette:
    pool: asyncpg.Pool | None = None

    async def answered(request: Request, statement: str, value: object) -> Response:
        nonlocal pool
        if pool is None:
            pool = await asyncpg.create_pool(database_url.replace("+asyncpg", ""), min_size=8, max_size=8)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        async with pool.acquire() as connection:
            if not await connection.fetchval(TOKEN, hashlib.sha256(token.encode()).digest()):
                return Response(status_code=401)
            found = await connection.fetchval(statement, value, base_url)
        return Response(found, media_type="application/json") if found else Response(status_code=404)

    async def one(request: Request) -> Response:
        return await answered(request, ONE, request.path_params["id"])

    async def many(request: Request) -> Response:
        return await answered(request, MANY, int(request.query_params.get("limit", 50)))

    return Starlette(routes=[Route("/api/postmortems/{id}", one), Route("/api/postmortems", many)])


def main() -> None:
    port, database_url, base_url = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    uvicorn.run(app(database_url, base_url), port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
