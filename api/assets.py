"""The files that pages load: one stylesheet of all components, one script of all small ones, htmx, and the icon.

Each has its content's hash in its name, so that browsers keep it for ever and get a new one the moment it changes.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from fastapi import APIRouter, Response

from domain.errors import RouteNotFound

WEB = Path(__file__).parents[1] / "web"
STYLES = (
    *("tokens", "base", "header", "layout", "card", "rows", "labels", "controls", "messages", "stepper", "facts"),
    *("timeline", "picture", "targets", "tables", "prose", "comments", "editor", "section_editor", "diff", "search"),
    *("template_editor", "connection", "audit", "files", "export", "public", "sharing", "meetings", "analytics"),
    *("checks", "sign_in", "settings", "simulation", "toasts", "combobox", "palette", "shortcuts", "contents"),
    *("presence", "listing", "board", "item", "panel", "home", "inbox", "swatches"),
)
"""In this order: what comes later wins."""
SCRIPTS = (
    *("core", "in_place", "shortcuts", "fields", "picture", "combobox", "comments", "template_editor", "drafts"),
    *(
        "markdown",
        "uploads",
        "section_versions",
        "section_editor",
        "section_opening",
        "scroll",
        "later",
        "palette",
        "live",
        "presence",
        "lists",
        "panel",
    ),
)
"""In this order: ``core`` first, and ``template_editor`` before ``drafts``, which fills its rows in."""
FOR_EVER = "public, max-age=31536000, immutable"

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    address: str
    content: bytes
    media_type: str


@cache
def assets() -> Mapping[str, Asset]:
    """By their plain names."""
    files = {path.name: path.read_bytes() for path in (WEB / "static").iterdir() if path.is_file()}
    files["htmx.js"] = _htmx()
    files["afterword.js"] = b'"use strict";\n' + b"".join(
        b"{\n" + (WEB / "static" / "scripts" / f"{name}.js").read_bytes() + b"}\n" for name in SCRIPTS
    )
    files["afterword.css"] = b"".join((WEB / "static" / "styles" / f"{name}.css").read_bytes() for name in STYLES)
    return {name: _asset(name, content) for name, content in files.items()}


def _htmx() -> bytes:
    """From the wheel of django-htmx, which is installed without Django: https://htmx.org"""
    return Path(
        str(distribution("django-htmx").locate_file("django_htmx/static/django_htmx/htmx-2.min.js"))
    ).read_bytes()


def _asset(name: str, content: bytes) -> Asset:
    stem, _, ending = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:12]
    media_type = mimetypes.types_map.get(f".{ending}", "application/octet-stream")
    return Asset(f"/static/{stem}.{digest}.{ending}", content, media_type)


def address_of(name: str) -> str:
    return assets()[name].address


@routes.api_route("/static/{name}", methods=["GET", "HEAD"])
async def read_asset(name: str) -> Response:
    """By its plain name, too, for whoever has linked it; then it is asked for each time."""
    for plain, one in assets().items():
        if one.address == f"/static/{name}":
            return Response(one.content, media_type=one.media_type, headers={"Cache-Control": FOR_EVER})
        if plain == name:
            return Response(one.content, media_type=one.media_type, headers={"Cache-Control": "no-cache"})
    raise RouteNotFound(path=f"/static/{name}")
