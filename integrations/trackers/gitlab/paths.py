"""Addresses of projects and issues in GitLab's API."""

import re
from urllib.parse import quote

_PATH = r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+"
KEY = re.compile(rf"({_PATH})#([1-9][0-9]{{0,9}})")


def project_path(path: str) -> str:
    return f"/projects/{quote(path, safe='')}"


def issue_path(key: str) -> str:
    named = KEY.fullmatch(key)
    if named is None:
        raise ValueError(f"not a GitLab key: {key}")
    return f"{project_path(named[1])}/issues/{named[2]}"


PAGE = re.compile(rf"/({_PATH})/-/(?:issues|work_items)/([1-9][0-9]{{0,9}})(?:[/?#].*)?")
