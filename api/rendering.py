"""Templates: where they are, and what every page shows. Everything is escaped but what ``api.formatting`` gives.

A page is drawn in a thread, after its request has given the database back.
"""

import hashlib
import json
import operator
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache, partial
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from markupsafe import Markup, escape

from api.assets import WEB, address_of
from api.formatting import Formatter
from domain.browsers import browser_name
from domain.comments.formatting import Passage
from domain.documents.placeholders import ShownFile, fill_in, has_places
from domain.errors import DomainError
from domain.sharing.rendering import plain_for_outsiders
from domain.timeline.moments import Precision

WORDS = {
    "DRAFT": "Draft",
    "IN_REVIEW": "In review",
    "PUBLISHED": "Published",
    "ARCHIVED": "Archived",
    "OPEN": "Open",
    "IN_PROGRESS": "In progress",
    "COMPLETED": "Completed",
    "WONT_DO": "Won't do",
    "CHANGES_REQUESTED": "Requested changes",
    "STALE": "Approved an earlier version",
    "WAIVED": "Waived",
    "draft_started": "First draft",
    "draft_completed": "Draft",
    "review_completed": "Review",
    "published": "Publication",
    "YES_NO": "Yes or no",
}


SPOKEN = {
    "DatabaseBusy": "Too many people are using Afterword right now. Nothing was changed. Try again in a moment.",
    "RecordLocked": "Someone else is saving the same thing right now. Nothing was changed. Try again in a moment.",
    "StoreUnavailable": "The database can't be reached. Nothing was changed. Try again in a moment.",
    "WorkflowsUnavailable": "The workflow engine can't be reached. Nothing was changed. Try again in a moment. You can"
    " still edit text.",
    "WorkersUnavailable": "No worker is running, so nothing was changed. Try again in a moment. You can still edit"
    " text.",
    "Pending": "Your request was accepted but hasn't finished yet. Reload this page in a moment to see the result.",
    "StaleVersion": "Someone else saved at the same time. Your text is below. Save it again.",
    "Conflict": "Someone else made a change first. Reload the page and try again.",
    "RemindedRecently": "This reviewer was reminded less than a day ago. Try again tomorrow.",
    "DueDateNotLater": "Choose a time that is later than now and than the current due time.",
    "CommentRequired": "Describe what should change.",
    "JustificationRequired": "Explain why it won't be done.",
    "ReasonRequired": "Give a reason for the new date.",
    "NotSignedIn": "This token is unknown, revoked, or expired. Use another one, or ask an administrator for a sign-in"
    " link.",
}
"""What a refusal says to people, where its own words are for programs."""


def spoken(refusal: DomainError) -> str:
    return SPOKEN.get(refusal.code, str(refusal))


def picked(person: Any) -> str:
    """A person as a field names them: people find them by either part."""
    return f"{person.name} (@{person.handle})"


def words(value: str) -> str:
    """An enumeration's value as people read it."""
    return WORDS.get(value) or value.replace("_", " ").capitalize()


def span(length: timedelta) -> str:
    """About how long, in its two largest units."""
    minutes = max(0, int(abs(length).total_seconds() // 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if count]
    return " ".join(parts[:2]) or "less than a minute"


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _when(zone: ZoneInfo, instant: datetime | None, style: str = "%b %-d, %Y, %-I:%M %p", named: bool = True) -> Markup:
    """In the reader's own zone, with UTC in its title; ``named`` says the zone."""
    if instant is None:
        return Markup("")
    local, utc = instant.astimezone(zone), instant.astimezone(ZoneInfo("UTC"))
    machine, title = utc.strftime("%Y-%m-%dT%H:%M:%SZ"), utc.strftime("%b %-d, %Y, %-I:%M:%S %p UTC")
    written = local.strftime(f"{style} %Z" if named else style)
    # Only digits and names of months and zones: escaping them takes five times as long as all the rest.
    return Markup(f'<time datetime="{machine}" title="{title}">{written}</time>')  # noqa: S704


def _moment(zone: ZoneInfo, instant: datetime, known_to: str) -> Markup:
    """An instant of a timeline with its precision: digits that are not known are question marks."""
    precision, local = Precision(known_to), instant.astimezone(zone)
    written = "%H:%M"
    if precision is Precision.DAY:
        written = "??:??"
    elif precision is Precision.HOUR:
        written = "~%H:%M" if local.minute else "%H:??"
    elif precision is Precision.TEN_MINUTES:
        written = "~%H:%M" if local.minute % 10 else f"%H:{local.minute // 10}?"
    note = PRECISION_NOTES.get(precision, "")
    return Markup('{}<span class="unseen">{}</span>').format(_when(zone, instant, written, named=False), note)


PRECISION_NOTES = {
    Precision.DAY: ", time unknown",
    Precision.HOUR: ", minute unknown",
    Precision.TEN_MINUTES: ", approximate",
}


def _day(day: date | None) -> Markup:
    return (
        Markup(f'<time datetime="{day.isoformat()}">{day.strftime("%b %-d, %Y")}</time>')  # noqa: S704
        if day
        else Markup("")
    )


def _bytes(count: int) -> str:
    """About how many, in units of 1,024."""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.0f} KB" if count < 1024**2 else f"{count / 1024**2:.1f} MB"


def _initials(name: str) -> str:
    return "".join(one[0] for one in name.split()[:2]).upper() or "?"


def named(values: Sequence[str]) -> list[tuple[str, str]]:
    """Enumeration's values with what people read."""
    return [(one, words(one)) for one in values]


class _Code(CodeGenerator):
    """Calls functions and macros as they are, and makes no object of each text that is written.

    Jinja asks at each call whether a function wants the context of the template, which none of ours does. Both took a
    third of a long page.
    """

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:  # noqa: N802
        self.write("context.call(")
        self.visit(node.node, frame)
        self.signature(node, frame, {"caller": "caller"} if forward_caller else None)
        self.write(")")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.written(")
        else:
            super()._output_child_pre(node, frame, finalize)


class _Context(Context):
    call: Any = staticmethod(operator.call)


def _written(value: Any) -> str:
    """Escaped. Most of what a page shows has nothing to escape."""
    kind = type(value)
    return value if kind is Markup or (kind is str and not _TO_ESCAPE(value)) else escape(value)


_TO_ESCAPE = re.compile("[&<>'\"]").search


class _Template(Template):
    """Makes each module of macros once a page: "with context" makes it anew at each import, also inside of others."""

    def make_module(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002 - Jinja's name
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> TemplateModule:
        made: dict[str | None, TemplateModule] = (vars or {}).get("modules", {})
        if self.name not in made:
            made[self.name] = super().make_module(vars, shared, locals)
        return made[self.name]


class _Environment(Environment):
    code_generator_class = _Code
    context_class = _Context
    template_class = _Template
    written = staticmethod(_written)


@cache
def _environment() -> Environment:
    environment = _Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # which asks for each file's time at each import
    )
    environment.filters |= {
        "words": words,
        "span": span,
        "initials": _initials,
        "day": _day,
        "bytes": _bytes,
        "spoken": spoken,
        "picked": picked,
        "browser": browser_name,
        "for_outsiders": plain_for_outsiders,
    }
    environment.globals |= {"asset": address_of, "named": named}
    return environment


def _drawn(template: str, values: Mapping[str, Any], zone: str) -> bytes:
    """``when(instant)`` in a template speaks the reader's zone."""
    names = {"when": partial(_when, zone_of(zone)), "moment": partial(_moment, zone_of(zone))}
    return _environment().get_template(template).render(modules={}, **names, **values).encode("utf-8", "replace")


def render(template: str, values: Mapping[str, Any], status: int = 200, zone: str = "UTC") -> Response:
    """A small page without texts, drawn at once."""
    return HTMLResponse(_drawn(template, {"status": status, **values}, zone), status, {"Cache-Control": "no-store"})


class Page(HTMLResponse):
    """A page that is not drawn yet: see :meth:`draw`.

    ``texts`` are Markdown by the template's name for them and by a key of each; ``files`` are the attachments that they
    refer to and the reader may see.
    """

    def __init__(
        self,
        template: str,
        values: Mapping[str, Any],
        texts: Mapping[str, Mapping[str, Passage]],
        status: int,
        zone: str,
        files: Mapping[str, ShownFile],
    ) -> None:
        super().__init__(status_code=status, headers={"Cache-Control": "no-store"})
        self._template = template
        self._values = values
        self._texts = texts
        self._zone = zone
        self._files = files

    async def draw(self, formatter: Formatter) -> None:
        places = [(name, key) for name, texts in self._texts.items() for key in texts]
        html = await formatter.format([self._texts[name][key] for name, key in places])
        values = {"status": self.status_code, **self._values}

        def draw() -> bytes:
            shown: dict[str, dict[str, Markup]] = {name: {} for name in self._texts}
            for (name, key), one in zip(places, html, strict=True):
                shown[name][key] = with_files(one, self._files)
            return _drawn(self._template, values | shown, self._zone)

        self.body = await to_thread.run_sync(draw, limiter=_drawers())
        self.headers["content-length"] = str(len(self.body))


_DRAWERS: RunVar[CapacityLimiter] = RunVar("drawers")


def _drawers() -> CapacityLimiter:
    """Threads that draw: a long page holds up others, but never the loop."""
    try:
        return _DRAWERS.get()
    except LookupError:
        limiter = CapacityLimiter(2)
        _DRAWERS.set(limiter)
        return limiter


def with_files(html: Markup, files: Mapping[str, ShownFile]) -> Markup:
    """Formatted text with its attachments, which it holds places for. Of those that are missing, it has the words."""
    return Markup(fill_in(html, files)) if has_places(html) else html  # noqa: S704 - it was safe before


def error_page(
    status: int,
    problem: Mapping[str, Any],
    headers: Mapping[str, str],
    frame: Mapping[str, Any] | None,
    kept: Sequence[tuple[str, str]] = (),
) -> Response:
    """A problem document as a page; ``frame`` is what its frame shows about the signed-in person.

    ``kept`` is what somebody wrote into the form that was refused.
    """
    values = {
        "kept": kept,
        "problem": problem,
        "phrase": HTTPStatus(status).phrase,
        "path": problem["instance"],
        "unread": 0,
    }
    answer = render("error.html", values | dict(frame or {"me": None}), status)
    answer.headers.update(headers)
    return answer


def fingerprint(value: Any) -> str:
    """Names a text as it was shown, so that a save can tell whether it is still that."""
    plain = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:24]
