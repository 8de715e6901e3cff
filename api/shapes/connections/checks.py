"""Response shape of a connection's check."""

from collections.abc import Sequence

from api.shapes.base import Shape
from integrations.connection import PermissionCheck


class CheckOut(Shape):
    name: str
    granted: bool
    detail: str


class TestOut(Shape):
    """``ok`` is true if every permission is granted and every required field has a value."""

    ok: bool
    checks: list[CheckOut]


def checks_out(checks: Sequence[PermissionCheck]) -> TestOut:
    found = [CheckOut(name=one.name, granted=one.granted, detail=one.detail) for one in checks]
    return TestOut(ok=all(one.granted for one in checks), checks=found)
