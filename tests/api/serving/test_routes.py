"""A request is compared with the routes alone that can match it; which one answers is what it was."""

import pytest
from fastapi import FastAPI
from starlette.routing import Match, Route
from starlette.types import Scope

from api.app import create_app
from api.middleware import RoutesByPath

STRANGE = {
    "/", "//", "/api", "/api/", "/api//", "/postmortems/", "/postmortems//submit", "/postmortems/new/submit",
    "/nowhere", "/static/a/b/c", "/api/nowhere/pm_1/submit", "/api/postmortems/pm_1/nowhere",
    "/api/postmortems/pm_1/submit/", "/docs/viewer/a/b.js", "/settings/x/y/z/a/b/c", "/postmortems/{postmortem_id}",
    "/incidents/%2F",
}  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app()


def test_the_same_route_answers_as_if_all_were_compared(app: FastAPI) -> None:
    by_path = RoutesByPath(app.router)
    paths = {_example(one.path) for one in app.router.routes if isinstance(one, Route)} | STRANGE
    assert len(paths) > 300
    for path in sorted(paths):
        for method in METHODS:
            few, all_of_them = by_path.group(path).routes, app.router.routes
            assert _chosen(few, path, method) == _chosen(all_of_them, path, method), (method, path)


def test_few_routes_are_compared_and_callers_make_up_no_groups(app: FastAPI) -> None:
    by_path = RoutesByPath(app.router)
    sizes = [len(by_path.group(_example(one.path)).routes) for one in app.router.routes if isinstance(one, Route)]
    assert max(sizes) < 30
    known = {id(by_path.group(_example(one.path))) for one in app.router.routes if isinstance(one, Route)}
    made_up = set()
    for number in range(1000):
        made_up.add(id(by_path.group(f"/made-up-{number}/postmortems")))
        made_up.add(id(by_path.group(f"/api/postmortems/pm_{number}/made-up-{number}")))
    assert len(made_up - known) <= 2


def _example(pattern: str) -> str:
    return "/".join("x1" if "{" in one else one for one in pattern.split("/"))


def _chosen(routes: list[object], path: str, method: str) -> tuple[str, object]:
    """The first that matches it whole, or else the first that only lacks the method: as routers choose."""
    scope: Scope = {"type": "http", "path": path, "root_path": "", "method": method, "headers": []}
    partly: object = None
    for one in routes:
        match, _ = one.matches(scope)  # type: ignore[attr-defined]
        if match is Match.FULL:
            return "whole", one
        if match is Match.PARTIAL and partly is None:
            partly = one
    return "partly", partly
