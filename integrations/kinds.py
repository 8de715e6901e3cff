"""What can be connected: each kind with the two forms that a person fills in."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from domain.errors import UnknownIntegrationKind
from integrations import registry
from integrations.connection import ConnectionModel, SourceConfig, SourceSecrets
from integrations.incident_source import incident_source_kinds

_NAMES = {"pagerduty": "PagerDuty", "opsgenie": "Opsgenie", "opsknight": "OpsKnight", "alertmanager": "Alertmanager"}


@dataclass(frozen=True, slots=True)
class Kind:
    """``config`` and ``secrets`` are JSON schemas in camelCase; each field has a title and a description."""

    kind: str
    label: str
    is_tracker: bool
    is_channel: bool
    config: Mapping[str, Any]
    secrets: Mapping[str, Any]


@cache
def all_kinds() -> tuple[Kind, ...]:
    """Sorted by the name that people read: trackers, then channels, then sources of incidents."""
    kinds = [kind_of(one) for one in (*registry.tracker_kinds(), *registry.notifier_kinds(), *incident_source_kinds())]
    return tuple(sorted(kinds, key=lambda one: (not one.is_tracker, not one.is_channel, one.label.lower())))


@cache
def kind_of(kind: str) -> Kind:
    """Raises ``UnknownIntegrationKind``."""
    if kind in registry.tracker_kinds():
        tracker = registry.tracker(kind)
        return Kind(kind, tracker.label, True, False, _schema(tracker.Config), _schema(tracker.Secrets))
    if kind in registry.notifier_kinds():
        channel = registry.notifier(kind)
        return Kind(kind, channel.label, False, True, _schema(channel.Config), _schema(channel.Secrets))
    if kind in incident_source_kinds():
        name = _NAMES.get(kind, kind.replace("_", " ").capitalize())
        return Kind(kind, name, False, False, _schema(SourceConfig), _schema(SourceSecrets))
    raise UnknownIntegrationKind(kind=kind, known=", ".join(one.kind for one in all_kinds()))


def _schema(model: type[ConnectionModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)
