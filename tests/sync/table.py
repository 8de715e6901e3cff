"""The table in ``docs/sync.md``: twenty cases by tracker, as the suite found them."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

from integrations import registry
from tests.sync.cases import HAS_NO_MEANING
from tests.sync.scene import peer_classes

DOCUMENT = Path(__file__).parents[2] / "docs" / "sync.md"
BEGIN, END = "<!-- made by: pytest tests/sync --write-sync-table -->", "<!-- end of what was made -->"
MODULES = ("test_cases_of_delivery", "test_cases_of_fields", "test_cases_of_trust")
HOLDS, FAILS = "✓", "✗"
CASE = re.compile(r"test_case_(\d\d)_(\w+)\[(\w+)\]")

found: dict[tuple[int, str], str] = {}
"""Case and kind of tracker: what the run says."""


def note(item: pytest.Function, report: pytest.TestReport) -> None:
    named = CASE.fullmatch(item.name)
    if named is None:
        return
    place = (int(named[1]), named[3])
    if report.failed:
        found[place] = FAILS
    elif report.when == "call":
        found[place] = HOLDS


def cases() -> dict[int, str]:
    """Number to the case's promise: the first line of its docstring."""
    named = {}
    for module in MODULES:
        for name, function in vars(import_module(f"tests.sync.{module}")).items():
            if numbered := re.fullmatch(r"test_case_(\d\d)_\w+", name):
                named[int(numbered[1])] = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")
    return dict(sorted(named.items()))


def reasons() -> dict[tuple[int, str], str]:
    return HAS_NO_MEANING


def expected() -> dict[tuple[int, str], str]:
    """What the table says where everything holds."""
    return {(number, kind): HOLDS for number in cases() for kind in peer_classes()}


def rendered(marks: dict[tuple[int, str], str]) -> str:
    kinds = sorted(peer_classes())
    notes: list[str] = []
    lines = [
        f"| # | promise | {' | '.join(registry.tracker(kind).label for kind in kinds)} |",
        f"| --- | --- |{' --- |' * len(kinds)}",
    ]
    for number, promise in cases().items():
        cells = []
        for kind in kinds:
            mark = marks.get((number, kind), "not run")
            if reason := reasons().get((number, kind)):
                notes.append(f"{len(notes) + 1}. {reason}")
                mark = f"{mark} ({len(notes)})"
            cells.append(mark)
        lines.append(f"| {number} | {promise} | {' | '.join(cells)} |")
    if notes:
        lines += ["", "A part of these cases has no meaning for the tracker; the rest holds:", "", *notes]
    return "\n".join(lines)


def write() -> None:
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{rendered(found)}\n\n{END}{after}")


def in_document() -> str:
    return DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0].strip()
