"""Incidents that an earlier version kept."""

import importlib.util
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import migrations
from domain.incidents.incident import IncidentReport, IncidentStatus, OrderedBy
from domain.incidents.state import IncidentState, merge

FAR = "2036-01-01T00:00:00+00:00"
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def migration(name: str) -> ModuleType:
    (path,) = Path(migrations.__path__[0], "versions").glob(f"*_{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_clock_that_was_ahead_no_longer_wins() -> None:
    word = {"value": "Slow", "at": FAR, "received_at": "2026-11-20T14:00:00+00:00"}
    mark = {"at": "2026-11-20T14:00:00+00:00", "event": "Alert", "actor": None}
    kept = {
        "source": "generic",
        "external_id": "X",
        "first_told_at": FAR,
        "said": {"title": word},
        "started_at": None,
        "acknowledged": None,
        "unresolved": {"at": FAR, "status": "OPEN"},
        "resolved": None,
        "found_resolved": [FAR],
        "restarted": {**word, "value": "2026-11-20T14:00:00+00:00"},
        "reacknowledged": None,
        "services": [{"key": "api", "at": FAR, "place": 0, "name": None}],
        "responders": [],
        "timeline": [mark, {**mark, "at": FAR}],
    }
    received = "2026-11-20T14:05:00+00:00"
    placed = json.loads(json.dumps(migration("clocks_ahead")._placed(kept, received)))
    assert json.dumps(placed).count(FAR) == 1, "only the timeline's, which people read"
    state = IncidentState.from_json(placed)
    change = IncidentReport("generic", "X", NOW, NOW, title="Chosen", started_at=NOW, status=IncidentStatus.RESOLVED)
    for ordered_by in OrderedBy:
        changed = merge(state, replace(change, ordered_by=ordered_by, corrects=True))
        incident = changed.incident()
        assert (incident.title, incident.status, incident.started_at) == ("Chosen", IncidentStatus.RESOLVED, NOW)
        assert IncidentState.from_json(json.loads(json.dumps(changed.to_json()))) == changed
