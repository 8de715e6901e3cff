"""Routes for outsiders: a refusal is a page that says little, the same for each reason why a link shows nothing."""

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from api.attempts import refuse_unknown_link
from api.errors import RETRY_AFTER, status_of
from api.rendering import render
from api.request_context import Handler, Parts
from domain.errors import DomainError, LinkNotFound, TooManyPasswords, TooManyUnknownLinks

QUARTER_HOUR = "900"
FIVE_MINUTES = "300"


class PublicRoute(APIRoute):
    """Counts each link that shows nothing, so that nobody tries many."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def in_public(request: Request) -> Response:
            parts: Parts = request.app.state.parts
            try:
                try:
                    return await handle(request)
                except LinkNotFound:
                    await refuse_unknown_link(parts.sessions, request)
                    raise
            except DomainError as refusal:
                return refusal_page(refusal)

        return in_public


def refusal_page(refusal: DomainError) -> Response:
    status = status_of(refusal)
    answer = render("public/refusal.html", {"title": refusal.title, "words": str(refusal)}, status)
    if isinstance(refusal, TooManyPasswords):
        answer.headers["Retry-After"] = QUARTER_HOUR
    elif isinstance(refusal, TooManyUnknownLinks):
        answer.headers["Retry-After"] = FIVE_MINUTES
    elif status in {429, 503}:
        answer.headers.update(RETRY_AFTER)
    return answer


def router() -> APIRouter:
    return APIRouter(route_class=PublicRoute, include_in_schema=False)
