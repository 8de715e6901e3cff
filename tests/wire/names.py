"""Names in the code that others rely on: Temporal's, and the codes of the audit log."""

import ast
import inspect
import re
from pathlib import Path

from temporalio import activity, workflow

import worker
from workflows.registry import WORKFLOWS

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "runtime", "activities", "application", "models", "cli")
NO_CODES = (".html", ".id", "_id", ".version")
"""Templates and columns, which look like codes."""
CODE = re.compile(r"[a-z_]+\.[a-z_]+")


def temporal_names() -> list[str]:
    """Workflows with their signals, updates and queries, and the activities that they call."""
    lines = {f"activity {name}" for name in _activities()}
    for one in WORKFLOWS:
        defined = workflow._Definition.must_from_class(one)
        lines.add(f"workflow {defined.name}")
        lines |= {f"signal {defined.name} {name}" for name in defined.signals}
        lines |= {f"update {defined.name} {name}" for name in defined.updates}
        lines |= {f"query {defined.name} {name}" for name in defined.queries}
    return sorted(lines)


def _activities() -> set[str]:
    """Of every class of activities that the worker builds."""
    classes = [one for one in vars(worker).values() if inspect.isclass(one)]
    methods = [method for one in classes for _, method in inspect.getmembers(one, inspect.isfunction)]
    found = [defined.name for one in methods if (defined := activity._Definition.from_callable(one))]
    return {name for name in found if name}


def audit_codes(entities: set[str]) -> list[str]:
    """Every literal such as ``postmortem.submitted`` in the code that begins with one of ``entities``."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    literals = {
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value)
    }
    return sorted(one for one in literals if one.partition(".")[0] in entities and not one.endswith(NO_CODES))
