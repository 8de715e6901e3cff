"""Routes of pages: sign-in by cookie, checked forms, and stored answers for double clicks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from api.errors import malformed
from api.pages import sessions
from api.pages.sign_in_form import sign_in_form
from api.rendering import Page
from api.request_context import SAFE, Handler, Parts, RequestContext, answer_once, context_of, fingerprint
from application.access import sign_in
from domain.errors import Malformed, NotSignedIn, reason

Form = TypeVar("Form", bound=BaseModel)

MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a page by a signed-in person: its context, its session and, for a POST, the fields of its form."""

    context: RequestContext
    session: sessions.Session
    request: Request
    form: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reader:
    name: str
    handle: str
    role: str
    time_zone: str


class PageRoute(APIRoute):
    """As ``api.request_context.ContextRoute``, for people with a cookie. Others are redirected to the sign-in page."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def drawn(request: Request) -> Response:
            """Before the transaction ends, because a repeat gets the stored answer."""
            response = await handle(request)
            if response.status_code < 400:
                await _draw(request.app.state.parts, response)
            return response

        async def in_visit(request: Request) -> Response:
            parts: Parts = request.app.state.parts
            _drop_empty_parameters(request)
            session = sessions.find_session(request, parts.settings)
            if session is None and _is_multipart(request):
                return await to_sign_in(request, {})
            body = b"" if _is_multipart(request) else await request.body()
            form = {} if request.method in SAFE else await _form_fields(request, body)
            now = datetime.now(UTC)
            async with parts.sessions() as database:
                signed_in = await sign_in.check_session(database, session.token_id, now) if session else None
                if session is None or signed_in is None:
                    await database.rollback()  # the sign-in page asks the database on its own
                    return await to_sign_in(request, form)
                request.state.kept_text = kept_text(form)
                context = context_of(request, parts, database, signed_in, now)
                request.state.frame = _frame(context, session)
                if request.method not in SAFE:
                    sessions.check_form(request, parts.settings, session.nonce, form.get("csrf", ""))
                    context.fingerprint = fingerprint(request, body or await _files_told(request))
                    if key := form.get("key", "")[:100]:  # a double click is one request, another text another one
                        context.key = f"{key}:{context.fingerprint.hex()[:32]}"
                request.state.visit = Visit(context, session, request, form)
                response = await answer_once(context, request, drawn if context.key else handle)
                await database.commit()
            for work in context.after_commit:
                await work()
            await _draw(parts, response)
            return response

        return in_visit


async def _draw(parts: Parts, response: Response) -> None:
    if isinstance(response, Page) and not response.body:
        await response.draw(parts.formatter)


def _frame(context: RequestContext, session: sessions.Session) -> dict[str, Any]:
    """What the frame of a page shows about its reader. Plain values, because an error page is rendered after the
    transaction has ended."""
    person = context.person
    return {
        "me": Reader(person.name, person.handle, person.role, person.time_zone),
        "viewer": context.viewer,
        "csrf": sessions.form_token(context.parts.settings, session.nonce),
        "live_place": context.parts.live.place,
        "may_write": bool({"write", "admin"} & context.viewer.scopes),
        "may_administer": context.viewer.is_admin and "admin" in context.viewer.scopes,
    }


def _drop_empty_parameters(request: Request) -> None:
    """Treats an empty field of a search form as one that was not sent."""
    query = request.scope["query_string"].decode("latin-1")
    request.scope["query_string"] = urlencode(
        parse_qsl(query, errors="surrogateescape"), errors="surrogateescape"
    ).encode()


def router() -> APIRouter:
    return APIRouter(route_class=PageRoute, include_in_schema=False)


async def _visit(request: Request) -> Visit:
    visit: Visit = request.state.visit
    return visit


Visiting = Annotated[Visit, Depends(_visit)]
"""The request's visit, as a handler's parameter."""


def _is_multipart(request: Request) -> bool:
    return request.method not in SAFE and request.headers.get("Content-Type", "").startswith("multipart/form-data")


async def _files_told(request: Request) -> bytes:
    """What tells a form with files from another one: they are in no memory of ours as a whole."""
    if not _is_multipart(request):
        return b""
    form = await request.form(max_files=MOST_FILES, max_fields=20)
    told = [(name, one if isinstance(one, str) else (one.filename, one.size)) for name, one in form.multi_items()]
    return repr(told).encode("utf-8", "surrogatepass")


async def _form_fields(request: Request, body: bytes) -> dict[str, str]:
    """The form's fields except for files. Raises Malformed."""
    if not _is_multipart(request):
        return fields(request, body)
    form = await request.form(max_files=MOST_FILES, max_fields=20)
    return {name: value for name, value in form.items() if isinstance(value, str) and "\0" not in value}


def fields(request: Request, body: bytes) -> dict[str, str]:
    """The form's fields, with ``\\n`` as line end. Raises Malformed."""
    if not request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        raise Malformed(reasons=[reason("content_type", "Send the form from its page.", where="header.Content-Type")])
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=800)
    except ValueError:
        raise Malformed(
            reasons=[reason("form", "The form can't be read. Reload the page and send it again.", where="body")]
        ) from None
    if any("\0" in value for pair in pairs for value in pair):
        raise Malformed(reasons=[reason("nul_character", "Text can't contain a NUL character", where="body")])
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def read_form(shape: type[Form], given: Mapping[str, object]) -> Form:
    """Validates the form as the JSON API validates this request. Raises Malformed."""
    try:
        return shape.model_validate(dict(given))
    except ValidationError as error:
        raise malformed(error.errors()) from None


def to(path: str) -> Response:
    """Redirects to the page that shows the result of a form."""
    return RedirectResponse(path, 303)


def kept_text(form: Mapping[str, str]) -> list[tuple[str, str]]:
    """What somebody wrote into a form, by its fields; credentials and what they did not write are left out."""
    return [
        (name, value)
        for name, value in form.items()
        if value.strip() and (" " in value.strip() or "\n" in value.strip() or len(value) > 40)
        if name not in UNWRITTEN and not name.startswith(("base.", "s.", "s-."))
    ]


UNWRITTEN = {"csrf", "key", "form", "code", "token"}


async def to_sign_in(request: Request, form: Mapping[str, str]) -> Response:
    """Back to the page afterwards. Who sent a form with text sees it again, because it could not be saved.

    Raises NotSignedIn where a script asks for a stream of events: it can't show that page.
    """
    if "text/event-stream" in request.headers.get("Accept", ""):
        raise NotSignedIn()
    if kept := kept_text(form):
        return await sign_in_form(request, code="", wanted=_page_of_form(request), kept=kept)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = f"?next={quote(wanted, safe='')}" if request.method in SAFE and wanted != "/" else ""
    return to(f"/sign-in{back}")


def _page_of_form(request: Request) -> str:
    page = urlsplit(request.headers.get("Referer", ""))
    is_ours = page.netloc == request.headers.get("Host", "")
    return local_path(page.path + (f"?{page.query}" if page.query else "")) if is_ours else "/"


def local_path(wanted: str) -> str:
    """``wanted`` if it is a path of this site, otherwise ``/``, so that a sign-in link cannot lead elsewhere."""
    parts = urlsplit(wanted) if wanted.isprintable() else urlsplit("")
    is_local = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\\" not in wanted
    return wanted if is_local and not parts.scheme and not parts.netloc else "/"
