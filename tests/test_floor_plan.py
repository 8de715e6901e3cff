"""The floor plan is a test: each import contract is kept, and a deliberate violation of each is caught."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("api", "workflows", "activities", "application", "integrations", "models", "domain", "runtime")

VIOLATIONS = {
    "imports point down": ("domain/postmortems/lifecycle.py", "import models.person"),
    "domain knows no framework, clock or network": ("domain/postmortems/lifecycle.py", "import pydantic"),
    "SQL lives in models": ("activities/postmortems.py", "import sqlalchemy"),
    "vendors live in integrations": ("activities/tickets/pushing.py", "import httpx"),
    "HTTP lives in api": ("workflows/postmortem.py", "import fastapi"),
    "models, integrations and use cases know no Temporal": ("models/person.py", "import temporalio"),
    "workflows touch nothing": ("workflows/postmortem.py", "import models.person"),
    "the front door commands workflows, never activities": ("api/request_context.py", "import activities.postmortems"),
    "vendors are asked for at the registry": ("api/webhooks.py", "import integrations.trackers.github"),
    "registry above vendors above contracts": (
        "integrations/tracker.py",
        "import integrations.trackers.jira.status",
    ),
    "trackers are independent of each other": (
        "integrations/trackers/console.py",
        "import integrations.trackers.github",
    ),
    "channels are independent of each other": (
        "integrations/notifiers/email/notifier.py",
        "import integrations.notifiers.apprise",
    ),
    "publishers are independent of each other": (
        "integrations/publishers/notion.py",
        "import integrations.publishers.confluence",
    ),
    "calendars are independent of each other": (
        "integrations/calendars/caldav.py",
        "import integrations.calendars.google",
    ),
    "incident sources are independent of each other": (
        "integrations/incident_sources/pagerduty.py",
        "import integrations.incident_sources.generic",
    ),
    "pages and the JSON API never meet": ("api/pages/home.py", "import api.v1.audit"),
    "outsiders' pages call one use case": ("api/public/links.py", "import application.sharing.links"),
    "what outsiders see is read by queries of its own": (
        "application/sharing/public.py",
        "import models.queries.postmortems.postmortems",
    ),
    "areas have no cycles": ("domain/postmortems/lifecycle.py", "import domain.access"),
    "areas of the use cases import down only": ("application/people/people.py", "import application.review.commands"),
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(house), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, check=False)


def test_every_contract_is_kept(house: Path) -> None:
    told = lint(house)
    assert told.returncode == 0, told.stdout
    assert f"{len(VIOLATIONS)} kept, 0 broken" in told.stdout


@pytest.mark.parametrize(("contract", "violation"), VIOLATIONS.items(), ids=list(VIOLATIONS))
def test_a_violation_is_caught(house: Path, contract: str, violation: tuple[str, str]) -> None:
    where, line = violation
    file = house / where
    file.write_text(f"{file.read_text()}\n{line}\n")
    told = lint(house)
    assert told.returncode != 0
    assert f"{contract} BROKEN" in told.stdout, told.stdout


@pytest.mark.parametrize("family", ["trackers", "notifiers", "incident_sources"])
def test_a_new_vendor_needs_no_line_in_the_contracts(house: Path, family: str) -> None:
    others = {"trackers": "jira", "notifiers": "email", "incident_sources": "generic"}
    vendor = house / "integrations" / family / "newcomer"
    vendor.mkdir()
    (vendor / "__init__.py").write_text(f"import integrations.{family}.{others[family]}\n")
    door = house / "api" / "webhooks.py"
    door.write_text(f"{door.read_text()}\nimport integrations.{family}.newcomer\n")
    told = lint(house)
    assert told.returncode != 0
    assert "vendors are asked for at the registry BROKEN" in told.stdout
    assert "independent of each other BROKEN" in told.stdout


LONGEST_FILE = 400
FULLEST_FOLDER = 20
WRITTEN = {".py", ".html", ".css", ".js"}
ELSEWHERE = {"migrations", "node_modules", "__pycache__", "build", "dist"}
"""A migration is written once and never divided; the rest nobody here wrote."""


def written_files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = [one for one in folders if not one.startswith(".") and one not in ELSEWHERE]
        yield from (Path(folder, name) for name in files if Path(name).suffix in WRITTEN)


def long_files(root: Path) -> list[str]:
    lines = {file: len(file.read_text().splitlines()) for file in written_files(root)}
    return sorted(f"{file.relative_to(root)}: {count}" for file, count in lines.items() if count > LONGEST_FILE)


def crowded_folders(root: Path) -> list[str]:
    modules = (file for file in written_files(root) if file.suffix == ".py" and file.name != "__init__.py")
    counts = Counter(file.parent for file in modules)
    return sorted(f"{folder.relative_to(root)}: {count}" for folder, count in counts.items() if count > FULLEST_FOLDER)


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    assert not long_files(ROOT)


@pytest.mark.parametrize("suffix", sorted(WRITTEN))
def test_a_long_file_is_caught(tmp_path: Path, suffix: str) -> None:
    for place, lines in {"": LONGEST_FILE, "api": LONGEST_FILE + 1, "migrations": LONGEST_FILE + 1}.items():
        (tmp_path / place).mkdir(exist_ok=True)
        (tmp_path / place / f"story{suffix}").write_text("\n" * lines)
    assert long_files(tmp_path) == [f"api/story{suffix}: {LONGEST_FILE + 1}"]


def test_no_folder_holds_more_modules_than_a_person_remembers() -> None:
    assert not crowded_folders(ROOT)


def test_a_crowded_folder_is_caught(tmp_path: Path) -> None:
    for place, modules in {"api": FULLEST_FOLDER, "domain": FULLEST_FOLDER + 1}.items():
        (tmp_path / place).mkdir()
        for name in ("__init__", *(f"noun_{number}" for number in range(modules))):
            (tmp_path / place / f"{name}.py").touch()
    assert crowded_folders(tmp_path) == [f"domain: {FULLEST_FOLDER + 1}"]
