"""Moving and renaming code changes nothing that others rely on. After an intended change,
``python -m tests.wire.test_wire`` writes the lists again.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.app import create_app
from cli.simulate import format_simulation
from domain.escalation.policy import Policy
from tests.wire.names import audit_codes, temporal_names
from tests.wire.openapi import as_lines

KEPT = Path(__file__).parent
START = datetime(2026, 11, 23, 8, tzinfo=UTC)


def kept(name: str) -> list[str]:
    return (KEPT / name).read_text().splitlines()


def openapi() -> list[str]:
    return as_lines(create_app().openapi())


def audit() -> list[str]:
    return audit_codes({one.partition(".")[0] for one in kept("audit.txt")})


def simulation() -> list[str]:
    return format_simulation(Policy("Default"), START, 30, as_json=True).splitlines()


LISTS = {"openapi.txt": openapi, "temporal.txt": temporal_names, "audit.txt": audit, "simulate.json": simulation}


@pytest.mark.parametrize("name", LISTS)
def test_names_and_shapes_outside_are_what_they_were(name: str) -> None:
    now, before = LISTS[name](), kept(name)
    assert sorted(set(before) - set(now)) == []
    assert sorted(set(now) - set(before)) == []
    assert now == before


def test_a_renamed_schema_would_be_seen() -> None:
    document = create_app().openapi()
    document["components"]["schemas"]["Renamed"] = document["components"]["schemas"].pop("Problem")
    assert as_lines(document) != kept("openapi.txt")


def test_prose_may_change() -> None:
    document = json.loads(json.dumps(create_app().openapi()))
    for operation in document["paths"]["/api/postmortems"].values():
        operation["description"] = "Other words."
    assert as_lines(document) == kept("openapi.txt")


if __name__ == "__main__":
    for list_name, make in LISTS.items():
        (KEPT / list_name).write_text("\n".join(make()) + "\n")
