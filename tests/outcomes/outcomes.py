"""What each operation can refuse, and which headers its answers carry: found by following its code from the handler.

``python -m tests.outcomes.outcomes`` writes it to ``api/document/outcomes.json``, from where the API document has it.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.app import create_app
from tests.outcomes.effects import Code, code_of, effects, method_code
from tests.outcomes.symbols import ROOT, Class, by_path

FILE = ROOT / "api" / "document" / "outcomes.json"

POSTMORTEM = ("application.review.commands.check", "application.review.commands.commit")
ACTION_ITEM = ("application.action_items.commands.check", "application.action_items.commands.commit_command")
INSTEAD = {
    "api.commands._run": ("api.command_queue.CommandQueue.turn", "runtime.dispatch.Dispatch.send_command"),
    "api.commands.run_postmortem_command": ("api.commands._run", *POSTMORTEM),
    "api.commands.run_action_item_command": ("api.commands._run", *ACTION_ITEM),
    "application.commands.check": POSTMORTEM,
    "api.request_context.ContextRoute": (),
}
"""Where the code goes on behind a workflow, or by the kind of a command: what to follow instead."""
DOORS = ("api.v1.", "api.commands", "api.chat.", "api.files.", "api.bulk")
"""Which commands an operation gives is written here."""


def outcomes(app: FastAPI) -> dict[str, dict[str, list[str]]]:
    """By the operation's id: the codes and the headers."""
    routes = [one for one in app.routes if isinstance(one, APIRoute) and one.include_in_schema]
    return {one.name: _Walk(_roots(one)).found() for one in sorted(routes, key=lambda one: one.name)}


def _roots(route: APIRoute) -> list[Code]:
    paths = {f"{one.__module__}.{one.__qualname__}" for one in _calls(route.dependant) if hasattr(one, "__qualname__")}
    receives = [one for one in type(route).__mro__ if "receive" in vars(one)]  # before the handler: an upload
    paths |= {f"{one.__module__}.{one.__qualname__}.receive" for one in receives[:1]}
    return [code for path in sorted(paths) if (code := _code(path)) is not None]


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for one in dependant.dependencies:
        yield from _calls(one)


def _code(path: str) -> Code | None:
    owner_path, _, name = path.rpartition(".")
    owner = by_path(owner_path)
    if isinstance(owner, Class):
        return method_code(owner, owner.functions[name])
    return code_of(by_path(path))


class _Walk:
    def __init__(self, roots: list[Code]) -> None:
        self._roots = roots
        self._commands: frozenset[str] = frozenset()
        self._commands = frozenset(self._commands_of(roots))

    def _commands_of(self, roots: list[Code]) -> set[str]:
        found, waiting, seen = set(), list(roots), set(roots)
        while waiting:
            for one in effects(waiting.pop()):
                if one.command:
                    found.add(one.command)
                if one.uses and one.uses not in seen and one.uses.module.name.startswith(DOORS):
                    seen.add(one.uses)
                    waiting.append(one.uses)
        return found

    def found(self) -> dict[str, list[str]]:
        """By a fixed point: what a function gives is what it does, and what those that it uses give and nobody
        catches."""
        reached: dict[Code, list[tuple[Code | None, str, frozenset[str]]]] = {}
        waiting = list(self._roots)
        headers: set[str] = set()
        while waiting:
            code = waiting.pop()
            if code in reached:
                continue
            reached[code] = []
            if code.path in INSTEAD:
                used = [(found, "", frozenset[str]()) for path in INSTEAD[code.path] if (found := _code(path))]
                reached[code] += used
                waiting += [one[0] for one in used]
                continue
            for one in effects(code):
                if one.only_for and self._commands and not one.only_for & self._commands:
                    continue
                if one.header and code.module.name.startswith("api."):
                    headers.add(one.header)
                if one.uses or one.refusal:
                    reached[code].append((one.uses, one.refusal, one.caught))
                if one.uses:
                    waiting.append(one.uses)
        given: dict[Code, set[str]] = {code: set() for code in reached}
        is_changed = True
        while is_changed:
            is_changed = False
            for code, parts in reached.items():
                before = len(given[code])
                for uses, refusal, caught in parts:
                    more = given[uses] if uses else {refusal}
                    given[code] |= more - caught
                is_changed |= len(given[code]) != before
        codes = set().union(*(given[one] for one in self._roots))
        return {"codes": sorted(codes), "headers": sorted(headers)}


def written() -> str:
    found = outcomes(create_app())
    lines = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in found.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    Path(FILE).write_text(written())
