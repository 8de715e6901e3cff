"""The statements of a stack's API and worker, as its own PostgreSQL logs them, without BEGIN, COMMIT and the like."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stack import Stack, eventually

LINE = re.compile(r"^([^|\n]*)\|([^|\n]*)\|LOG:  (?:statement|execute [^:]*): (.*(?:\n\t.*)*)", re.MULTILINE)
FRAMES = ("BEGIN", "COMMIT", "ROLLBACK")
NOW_AND_THEN = ("SELECT worker_presence.id", "UPDATE api_token SET last_used_at")
"""What a request asks at most every other second, or once a minute."""
MARKS = ("insert into command_log", "set workflow_started = true")
"""What only a transaction of a workflow's own row executes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """``door`` are the API's, ``workflow`` those of the worker's transaction, without its background jobs."""

    door: list[str]
    workflow: list[str]


def log_statements(stack: Stack, *, on: bool) -> None:
    """From now on, or a moment later."""
    assert stack.postgres is not None, "ask for a stack with its own PostgreSQL"
    for setting in (f"log_statement = '{'all' if on else 'none'}'", "log_line_prefix = '%a|%v|'"):
        stack.postgres.ask("psql", "-d", "postgres", "-qc", f"alter system set {setting}")
    stack.postgres.ask("psql", "-d", "postgres", "-qc", "select pg_reload_conf()")


class StatementLog:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        log_statements(stack, on=True)
        eventually(self._is_on)

    def _is_on(self) -> bool:
        before = len(self._text())
        assert self._stack.direct is not None
        self._stack.client().get("/api/me")
        return "|LOG:" in self._text()[before:]

    def _text(self) -> str:
        return Path(self._stack.home.path / "logs" / "postgres.log").read_text()

    def taken(self, work: Callable[[], Any]) -> Taken:
        """Of a request that succeeds, and of its workflow."""
        before = len(self._text())
        answer = work()
        assert answer.is_success, answer.text
        return eventually(lambda: self._read(before))

    def _read(self, before: int) -> Taken | None:
        """None until the worker's transaction is over."""
        door, transactions, over = [], dict[str, list[str]](), set[str]()
        for name, number, statement in LINE.findall(self._text()[before:]):
            if statement.startswith("COMMIT"):
                over.add(number)
            if statement.startswith((*FRAMES, *NOW_AND_THEN)):
                continue
            if name == "afterword api":
                door.append(" ".join(statement.split()))
            elif name == "afterword worker":
                transactions.setdefault(number, []).append(" ".join(statement.split()))
        for number, ran in transactions.items():
            if number in over and any(mark in one for one in ran for mark in MARKS):
                return Taken(door, ran)
        return None
