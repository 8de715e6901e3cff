"""Helpers for the tests of connections."""

from typing import Any

from tests.api.writing import ok


def refused(response: Any, status: int, code: str) -> Any:
    problem = ok(response, status)
    assert problem["code"] == code, problem
    return problem
