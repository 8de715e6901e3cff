"""Somebody who types in a section, as their browser's script saves it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.pages.visiting import Visitor, visitor
from tests.stack import Person, Stack

JSON = {"Accept": "application/json"}


@dataclass
class Typist:
    """``base`` is what their next text is based on, as the last answer said."""

    visit: Visitor
    path: str
    csrf: str
    base: int = 0
    editing: str = field(default_factory=lambda: uuid4().hex)

    def post(self, name: str, door: str, body: str, base: int | None = None, **more: str) -> httpx.Response:
        given = {"csrf": self.csrf, "body": body, "base": str(self.base if base is None else base)}
        path = f"{self.path}/sections/{name}/{door}"
        return self.visit.http.post(path, data=given | {"editing": self.editing} | more, headers=JSON)

    def types(self, name: str, body: str, base: int | None = None, **more: str) -> Any:
        """It is saved by itself; the answer."""
        return self._went_on(self.post(name, "autosave", body, base, **more))

    def saves(self, name: str, body: str, base: int | None = None) -> Any:
        return self._went_on(self.post(name, "save", body, base))

    def discards(self, name: str) -> None:
        answer = self.visit.http.post(f"{self.path}/sections/{name}/discard", data={"csrf": self.csrf})
        assert answer.status_code == 303, answer.text

    def _went_on(self, answer: httpx.Response) -> Any:
        assert answer.status_code == 200, f"{answer.status_code}: {answer.text[:500]}"
        said = answer.json()
        self.base = int(said["base"])
        return said


def typist(stack: Stack, person: Person, made: Mapping[str, Any], base: int = 1) -> Typist:
    path, visit = f"/postmortems/{made['id']}", visitor(stack, person)
    return Typist(visit, path, visit.hidden(path)["csrf"], base)
