"""The barest thing that gives the answers of our reads: Starlette and asyncpg, the token's row, and one statement that
returns the finished JSON. No access rule, no audit, no validation, no log."""

import hashlib
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TOKEN = """select person.id, person.role, api_token.scopes from api_token join person on person.id = person_id
where token_hash = $1 and revoked_at is null and person.is_active"""
BELONGING = """
    'incidentIds', (select coalesce(json_agg(incident_id order by ordinal), '[]')
        from postmortem_incident where postmortem_id = one.id),
    'teamIds', (select coalesce(json_agg(team_id order by team_id), '[]')
        from postmortem_team where postmortem_id = one.id),
    'participants', (select coalesce(json_agg(person_id order by ordinal), '[]')
        from postmortem_participant where postmortem_id = one.id),
    'services', (select coalesce(json_agg(json_build_object('id', id, 'name', name) order by name), '[]')
        from service join postmortem_service on service_id = id where postmortem_id = one.id),
    'editors', (select coalesce(json_agg(json_build_object('userId', person_id, 'level', level)), '[]')
        from postmortem_editor where postmortem_id = one.id),
    'reviewers', (select coalesce(json_agg(json_build_object('userId', person_id, 'decision', decision)), '[]')
        from postmortem_reviewer where postmortem_id = one.id),
    'sections', (select coalesce(json_agg(json_build_object('name', name, 'body', body, 'revision', revision,
        'updatedAt', updated_at, 'updatedBy', updated_by)), '[]') from section where postmortem_id = one.id),
    'timeline', (select coalesce(json_agg(json_build_object('id', id, 'at', at, 'event', event, 'type', type,
        'actor', actor, 'source', source) order by at, ordinal), '[]')
        from timeline_event where postmortem_id = one.id),
    'actionItems', (select json_build_object('open', count(*) filter (where status = 'OPEN'),
        'overdue', count(*) filter (where due_on < current_date and status in ('OPEN', 'IN_PROGRESS')))
        from action_item where postmortem_id = one.id),
    'unresolvedComments', (select count(*) from comment
        where postmortem_id = one.id and parent_id is null and resolved_at is null)"""
OWN = """json_build_object('id', one.id, 'version', version, 'number', number, 'title', title, 'status', status,
    'visibility', visibility, 'authorId', author_id, 'templateId', template_id, 'impactMetrics', impact_metrics,
    'customFields', custom_fields, 'tags', tags, 'rootCauseCategory', root_cause_category,
    'durationMinutes', duration_minutes, 'incidentResolvedAt', incident_resolved_at, 'submittedAt', submitted_at,
    'publishedAt', published_at, 'createdAt', created_at, 'updatedAt', updated_at,"""
ONE = f"select ({OWN}{BELONGING}))::text from postmortem as one where id = $1"
LIST = f"""select json_build_object('items', json_agg({OWN}{BELONGING})))::text
from (select * from postmortem order by created_at desc, id desc limit 50) as one"""


def bare_app(database_url: str) -> Starlette:
    address = make_url(database_url)
    pools: list[Any] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> Any:
        async with asyncpg.create_pool(
            host=str(address.query["host"]),
            port=int(str(address.query["port"])),
            user=address.username,
            database=address.database,
            min_size=2,
            max_size=20,
        ) as pool:
            pools.append(pool)
            yield

    async def answer(request: Request, statement: str, *values: str) -> Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        async with pools[0].acquire() as connection:
            if await connection.fetchrow(TOKEN, hashlib.sha256(token.encode()).digest()) is None:
                return Response(status_code=401)
            return Response(await connection.fetchval(statement, *values), media_type="application/json")

    async def one(request: Request) -> Response:
        return await answer(request, ONE, request.path_params["id"])

    async def many(request: Request) -> Response:
        return await answer(request, LIST)

    return Starlette(routes=[Route("/one/{id}", one), Route("/many", many)], lifespan=lifespan)
