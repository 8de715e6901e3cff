"""The shelf: integrations are found by their file name. Rooms above ask here and name none of them."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from domain.errors import UnknownIntegrationKind
from integrations import notifiers, trackers
from integrations.connection import SourceConfig, SourceSecrets, checked_settings
from integrations.incident_source import incident_source_kinds
from integrations.notifier import Notifier
from integrations.tracker import Tracker


@cache
def tracker_kinds() -> tuple[str, ...]:
    """Every kind of tracker, sorted: the names of the files in ``integrations/trackers/``."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(trackers.__path__)))


@cache
def tracker(kind: str) -> type[Tracker]:
    """The tracker of that kind; raises ``UnknownIntegrationKind``."""
    if kind not in tracker_kinds():
        raise UnknownIntegrationKind(kind=kind, known=", ".join(tracker_kinds()))
    module = importlib.import_module(f"{trackers.__name__}.{kind}")
    classes = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Tracker)]
    mine = [one for one in classes if one.__module__.startswith(module.__name__)]
    if len(mine) != 1:
        raise TypeError(f"{module.__name__} must define exactly one Tracker, not {len(mine)}")
    return mine[0]


@cache
def notifier_kinds() -> tuple[str, ...]:
    """Every kind of channel, sorted: the names of the files in ``integrations/notifiers/``."""
    return tuple(sorted(found.name for found in pkgutil.iter_modules(notifiers.__path__)))


@cache
def notifier(kind: str) -> type[Notifier]:
    """The channel of that kind; raises ``UnknownIntegrationKind``."""
    if kind not in notifier_kinds():
        raise UnknownIntegrationKind(kind=kind, known=", ".join(notifier_kinds()))
    module = importlib.import_module(f"{notifiers.__name__}.{kind}")
    classes = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Notifier)]
    mine = [one for one in classes if one.__module__.startswith(module.__name__)]
    if len(mine) != 1:
        raise TypeError(f"{module.__name__} must define exactly one Notifier, not {len(mine)}")
    return mine[0]


def check_connection(kind: str, config: Mapping[str, object], secrets: Mapping[str, object]) -> None:
    """Raises ``UnknownIntegrationKind`` or ``InvalidIntegrationConfig``; makes no request."""
    if kind in tracker_kinds():
        connect(kind, config, secrets).close()
    elif kind in notifier_kinds():
        connect_notifier(kind, config, secrets)
    elif kind in incident_source_kinds():
        checked_settings(SourceConfig, config)
        checked_settings(SourceSecrets, secrets)
    else:
        known = {*tracker_kinds(), *notifier_kinds(), *incident_source_kinds()}
        raise UnknownIntegrationKind(kind=kind, known=", ".join(sorted(known)))


def connect(kind: str, config: Mapping[str, object], secrets: Mapping[str, object]) -> Tracker:
    """A tracker for one connection, from what is stored of it; makes no request.

    Raises ``UnknownIntegrationKind`` or ``InvalidIntegrationConfig``.
    """
    cls = tracker(kind)
    return cls(checked_settings(cls.Config, config), checked_settings(cls.Secrets, secrets))


def connect_notifier(kind: str, config: Mapping[str, object], secrets: Mapping[str, object]) -> Notifier:
    """As :func:`connect`, for a channel."""
    cls = notifier(kind)
    return cls(checked_settings(cls.Config, config), checked_settings(cls.Secrets, secrets))
