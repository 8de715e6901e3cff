"""The registry: every vendor is found here by the name of its file or folder. Rooms above ask here and name none.

``integrations/trackers/gitlab.py`` and ``integrations/trackers/jira/__init__.py`` are both found: the kind is the
name, and the module holds one class that keeps its shelf's contract (``integrations.tracker``,
``integrations.notifier``, ``integrations.publisher``, ``integrations.meetings``), or, for a source of incidents, the
functions of ``integrations.incident_source``.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import ModuleType
from typing import Any, TypeVar, cast

from domain.errors import InvalidIntegrationConfig, UnknownIntegrationKind, reason
from integrations import calendars, conferences, incident_sources, notifiers, publishers, trackers
from integrations.bounce import MAIL, BounceReader
from integrations.connection import (
    ConnectionModel,
    Endpoint,
    SetupStep,
    SourceConfig,
    SourceSecrets,
    checked_settings,
)
from integrations.incident_source import IncidentSource
from integrations.meetings.calendar import Calendar
from integrations.meetings.conference import Conference
from integrations.notifier import MailSender, Notifier
from integrations.outbound.policy import AddressRefused, check_host
from integrations.publisher import Publisher
from integrations.tracker import Tracker


class Shelf(StrEnum):
    """What a kind of connection is for, in the order in which people choose."""

    TRACKER = "trackers"
    CHANNEL = "messages"
    PUBLISHER = "documents"
    CALENDAR = "calendars"
    CONFERENCE = "video meetings"
    SOURCE = "incidents"


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be connected, with the two forms that a person fills in.

    ``config`` and ``secrets`` are JSON schemas in camelCase; each field has a title and a description.
    """

    kind: str
    label: str
    shelf: Shelf
    config: Mapping[str, Any]
    secrets: Mapping[str, Any]
    setup: tuple[SetupStep, ...]

    @property
    def is_tracker(self) -> bool:
        return self.shelf is Shelf.TRACKER

    @property
    def speaks(self) -> bool:
        """It sends requests by itself, so that it can be tested."""
        return self.shelf is not Shelf.SOURCE

    @property
    def takes_webhooks(self) -> bool:
        return self.shelf in {Shelf.TRACKER, Shelf.CHANNEL, Shelf.SOURCE}


# Names


@cache
def tracker_kinds() -> tuple[str, ...]:
    """Every kind of tracker, sorted."""
    return _names_in(trackers)


@cache
def notifier_kinds() -> tuple[str, ...]:
    """Every kind of channel, sorted."""
    return _names_in(notifiers)


@cache
def publisher_kinds() -> tuple[str, ...]:
    """Every kind of publisher, sorted."""
    return _names_in(publishers)


@cache
def calendar_kinds() -> tuple[str, ...]:
    """Every kind of calendar, sorted."""
    return _names_in(calendars)


@cache
def conference_kinds() -> tuple[str, ...]:
    """Every kind of video service, sorted."""
    return _names_in(conferences)


@cache
def incident_source_kinds() -> tuple[str, ...]:
    """Every kind of source of incidents, sorted."""
    return _names_in(incident_sources)


@cache
def all_kinds() -> tuple[Kind, ...]:
    """By their shelves, then by the name that people read."""
    kinds = [kind_of(one) for one in (*_speaking(), *incident_source_kinds())]
    order = list(Shelf)
    return tuple(sorted(kinds, key=lambda one: (order.index(one.shelf), one.label.lower())))


# Vendors


@cache
def tracker(kind: str) -> type[Tracker]:
    """The tracker of that kind. Raises ``UnknownIntegrationKind``."""
    return _only_class(_module(trackers, kind, tracker_kinds()), Tracker)


@cache
def notifier(kind: str) -> type[Notifier]:
    """The channel of that kind. Raises ``UnknownIntegrationKind``."""
    return _only_class(_module(notifiers, kind, notifier_kinds()), Notifier)


def incident_source(kind: str) -> IncidentSource:
    """The source of incidents of that kind. Raises ``UnknownIntegrationKind``."""
    return cast("IncidentSource", _module(incident_sources, kind, incident_source_kinds()))


def bounce_reader(kind: str) -> BounceReader:
    """What reads the mail that comes back to a channel of that kind. Raises ``UnknownIntegrationKind``."""
    reader = notifier(kind).bounces if kind in notifier_kinds() else None
    if reader is None:
        known = ", ".join(one for one in notifier_kinds() if notifier(one).bounces)
        raise UnknownIntegrationKind(kind=kind, known=known)
    return reader


@cache
def publisher(kind: str) -> type[Publisher]:
    """The publisher of that kind. Raises ``UnknownIntegrationKind``."""
    return _only_class(_module(publishers, kind, publisher_kinds()), Publisher)


@cache
def calendar(kind: str) -> type[Calendar]:
    """The calendar of that kind. Raises ``UnknownIntegrationKind``."""
    return _only_class(_module(calendars, kind, calendar_kinds()), Calendar)


@cache
def conference(kind: str) -> type[Conference]:
    """The video service of that kind. Raises ``UnknownIntegrationKind``."""
    return _only_class(_module(conferences, kind, conference_kinds()), Conference)


def manifest_of(kind: str, webhook_url: str, base_url: str) -> dict[str, Any] | None:
    """What the vendor makes our app from, for a connection with this address; None where it takes no such file."""
    return notifier(kind).manifest(webhook_url, base_url) if kind in notifier_kinds() else None


def speaks(kind: str) -> bool:
    """Whether a connection of that kind sends requests by itself."""
    return kind in _speaking()


Vendor = Tracker | Notifier | Publisher | Calendar | Conference


@cache
def _speaking() -> Mapping[str, tuple[Shelf, type[Vendor]]]:
    """The classes of all that speak to their vendors, by their kinds."""
    found: dict[str, tuple[Shelf, type[Vendor]]] = {}
    found |= {one: (Shelf.TRACKER, tracker(one)) for one in tracker_kinds()}
    found |= {one: (Shelf.CHANNEL, notifier(one)) for one in notifier_kinds()}
    found |= {one: (Shelf.PUBLISHER, publisher(one)) for one in publisher_kinds()}
    found |= {one: (Shelf.CALENDAR, calendar(one)) for one in calendar_kinds()}
    found |= {one: (Shelf.CONFERENCE, conference(one)) for one in conference_kinds()}
    return found


@cache
def kind_of(kind: str) -> Kind:
    """What a person has to enter to connect it. Raises ``UnknownIntegrationKind``."""
    if kind in _speaking():
        shelf, cls = _speaking()[kind]
        return Kind(kind, cls.label, shelf, _schema(cls.Config), _schema(cls.Secrets), cls.setup)
    if kind in incident_source_kinds():
        forms = (_schema(SourceConfig), _schema(SourceSecrets))
        source = incident_source(kind)
        return Kind(kind, source.LABEL, Shelf.SOURCE, *forms, source.SETUP)
    raise UnknownIntegrationKind(kind=kind, known=", ".join(one.kind for one in all_kinds()))


# Connections


V = TypeVar("V", Tracker, Notifier, Publisher, Calendar, Conference)


def _connected(cls: type[V], config: Mapping[str, object], secrets: Mapping[str, object], kept_host: str | None) -> V:
    found = cls(checked_settings(cls.Config, config), checked_settings(cls.Secrets, secrets))
    found.kept_host = kept_host
    return found


def connect(
    kind: str, config: Mapping[str, object], secrets: Mapping[str, object], kept_host: str | None = None
) -> Tracker:
    """A tracker for one connection, from what is stored of it; makes no request.

    ``kept_host`` is as in ``integrations.outbound.policy``. Raises ``UnknownIntegrationKind`` and
    ``InvalidIntegrationConfig``.
    """
    return _connected(tracker(kind), config, secrets, kept_host)


def connect_notifier(
    kind: str, config: Mapping[str, object], secrets: Mapping[str, object], kept_host: str | None = None
) -> Notifier:
    """As :func:`connect`, for a channel."""
    return _connected(notifier(kind), config, secrets, kept_host)


def as_mail_sender(notifier: Notifier) -> MailSender:
    """The channel of the kind that writes to any address."""
    return cast("MailSender", notifier)


def connect_publisher(
    kind: str, config: Mapping[str, object], secrets: Mapping[str, object], kept_host: str | None = None
) -> Publisher:
    """As :func:`connect`, for a publisher."""
    return _connected(publisher(kind), config, secrets, kept_host)


def connect_calendar(
    kind: str, config: Mapping[str, object], secrets: Mapping[str, object], kept_host: str | None = None
) -> Calendar:
    """As :func:`connect`, for a calendar."""
    return _connected(calendar(kind), config, secrets, kept_host)


def connect_conference(
    kind: str, config: Mapping[str, object], secrets: Mapping[str, object], kept_host: str | None = None
) -> Conference:
    """As :func:`connect`, for a video service."""
    return _connected(conference(kind), config, secrets, kept_host)


def connect_mail(
    config: Mapping[str, object], secrets: Mapping[str, object], kept_host: str | None = None
) -> MailSender:
    """As :func:`connect_notifier`, for the channel that writes to any address."""
    return cast("MailSender", connect_notifier(MAIL, config, secrets, kept_host))


def connect_other(
    kind: str, config: Mapping[str, object], secrets: Mapping[str, object], kept_host: str | None = None
) -> Publisher | Calendar | Conference:
    """As :func:`connect`, for what is neither a tracker nor a channel."""
    if kind in calendar_kinds():
        return connect_calendar(kind, config, secrets, kept_host)
    if kind in conference_kinds():
        return connect_conference(kind, config, secrets, kept_host)
    return connect_publisher(kind, config, secrets, kept_host)


def endpoint_of(kind: str, config: Mapping[str, object]) -> Endpoint | None:
    """Where a connection with these settings sends its credentials; None if that is no setting of this kind."""
    found = _speaking().get(kind)
    return checked_settings(found[1].Config, config).endpoint() if found is not None else None


def check_connection(
    kind: str, config: Mapping[str, object], secrets: Mapping[str, object], kept_host: str | None = None
) -> None:
    """Raises ``UnknownIntegrationKind`` or ``InvalidIntegrationConfig``; makes no request."""
    if (found := _speaking().get(kind)) is not None:
        cls: type[Any] = found[1]
        cls(checked_settings(cls.Config, config), checked_settings(cls.Secrets, secrets))
        _check_host(endpoint_of(kind, config), kept_host)
    elif kind in incident_source_kinds():
        checked_settings(SourceConfig, config)
        checked_settings(SourceSecrets, secrets)
    else:
        known = {*_speaking(), *incident_source_kinds()}
        raise UnknownIntegrationKind(kind=kind, known=", ".join(sorted(known)))


def _check_host(endpoint: Endpoint | None, kept_host: str | None) -> None:
    if endpoint is None:
        return
    try:
        check_host(endpoint.host, kept_host)
    except AddressRefused as refused:
        raise InvalidIntegrationConfig(
            reasons=[reason("private_address", str(refused), field=endpoint.field)]
        ) from None


def _names_in(package: ModuleType) -> tuple[str, ...]:
    return tuple(sorted(found.name for found in pkgutil.iter_modules(package.__path__)))


def _module(package: ModuleType, kind: str, known: tuple[str, ...]) -> ModuleType:
    if kind not in known:
        raise UnknownIntegrationKind(kind=kind, known=", ".join(known))
    return importlib.import_module(f"{package.__name__}.{kind}")


def _only_class(module: ModuleType, contract: type[Any]) -> type[Any]:
    """The one class that the file defines, or that the folder's ``__init__`` exports."""
    found = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, contract)]
    own = [one for one in found if one.__module__.startswith(module.__name__)]
    if len(own) != 1:
        raise TypeError(f"{module.__name__} must define exactly one {contract.__name__}, not {len(own)}")
    return own[0]


def _schema(model: type[ConnectionModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)
