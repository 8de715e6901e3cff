"""Addresses of projects and issues in GitLab's API."""

import base64
import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from pydantic import JsonValue, TypeAdapter

from integrations.pointers import Page

_PATH = r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+"
_KINDS = frozenset({"issues", "work_items", "incident", "incidents"})
KEY = re.compile(rf"({_PATH})#([1-9][0-9]{{0,9}})")


def project_path(path: str) -> str:
    return f"/projects/{quote(path, safe='')}"


def issue_path(key: str) -> str:
    named = KEY.fullmatch(key)
    if named is None:
        raise ValueError(f"not a GitLab key: {key}")
    return f"{project_path(named[1])}/issues/{named[2]}"


_SHOWN = TypeAdapter(dict[str, JsonValue])


def base_path(address: str) -> tuple[str, ...]:
    """The path that GitLab itself is at, where it isn't at its host's root."""
    return tuple(one for one in urlsplit(address).path.split("/") if one)


def keys_in(page: Page, base: tuple[str, ...] = ()) -> Iterator[str]:
    """``/group/project/-/issues/12`` and its like, whatever follows; ``?show=`` of a list or a board."""
    path = page.path[len(base) :] if page.path[: len(base)] == base else page.path
    for place in range(len(path) - 1, 1, -1):
        if path[place - 1] in _KINDS and path[place].isdigit():
            project = path[: path.index("-")] if "-" in path else path[: place - 1]
            yield f"{'/'.join(project)}#{path[place]}"
    try:
        shown = _SHOWN.validate_json(base64.b64decode(page.query.get("show", "") + "=="))
    except ValueError:  # also what pydantic and base64 raise
        return
    if shown.get("full_path") and shown.get("iid"):
        yield f"{shown['full_path']}#{shown['iid']}"
