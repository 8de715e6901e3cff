"""Connections to Temporal, the database and the keyring, made from the settings."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, pydantic_data_converter
from temporalio.converter import CompositePayloadConverter, DefaultPayloadConverter, JSONPlainPayloadConverter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RetryConfig

from integrations.object_store import ObjectStore, StoreMisconfigured
from integrations.outbound import policy as outbound
from models.keyring import Keyring
from models.session import Sessions, make_engine, make_sessions
from runtime.live import LiveChannel
from runtime.settings import Settings

_JSON = PydanticJSONPlainPayloadConverter()


class PayloadConverter(CompositePayloadConverter):
    """The SDK's converter for pydantic. Each workflow gets a new one, but all share what it has learned of our types:
    that takes 3 ms of a processor."""

    def __init__(self) -> None:
        defaults = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(*(_JSON if isinstance(one, JSONPlainPayloadConverter) else one for one in defaults))


DATA_CONVERTER = replace(pydantic_data_converter, payload_converter_class=PayloadConverter)


class NotConfigured(Exception):
    """A setting is missing; its text is one line for whoever starts the process."""


@dataclass(frozen=True, slots=True)
class Database:
    sessions: Sessions
    engine: Any
    live: LiveChannel
    """Gets what each transaction changed."""

    async def close(self) -> None:
        await self.live.close()
        await self.engine.dispose()


def open_database(settings: Settings, name: str = "afterword") -> Database:
    """``name`` is what the server knows our connections by."""
    if settings.database_url is None:
        raise NotConfigured("set AFTERWORD_DATABASE_URL, or use 'afterword up' for the embedded database")
    url = settings.database_url.get_secret_value()
    engine = make_engine(url, connections=settings.database_connections, name=name)
    live = LiveChannel(url, name)
    return Database(make_sessions(engine, live.put), engine, live)


def restrict_outbound(settings: Settings) -> None:
    """From now on, this process's connections to other systems reach what the settings allow."""
    outbound.allow(settings.outbound)


def open_keyring(settings: Settings) -> Keyring:
    return Keyring(secret_key(settings))


def open_object_store(settings: Settings) -> ObjectStore:
    try:
        return ObjectStore(settings.object_store_address)
    except StoreMisconfigured as error:
        raise NotConfigured(str(error)) from None


def secret_key(settings: Settings) -> str:
    if settings.secret_key is None or not settings.secret_key.get_secret_value().strip():
        raise NotConfigured("set AFTERWORD_SECRET_KEY to a long random text (openssl rand -hex 32)")
    return settings.secret_key.get_secret_value()


def metrics_runtime(address: str | None) -> Runtime | None:
    """Serves the SDK's own metrics as Prometheus text on that address; None keeps the default runtime."""
    if address is None:
        return None
    metrics = PrometheusConfig(bind_address=address, durations_as_seconds=True, unit_suffix=True)
    return Runtime(telemetry=TelemetryConfig(metrics=metrics))


async def connect_temporal(runtime: Runtime | None = None, *, lazy: bool = True) -> Client:
    """A client by the SDK's own environment configuration; lazy, so that the API starts while Temporal is away."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "127.0.0.1:7233")
    return await Client.connect(
        **config,
        data_converter=DATA_CONVERTER,
        retry_config=RetryConfig(max_elapsed_time_millis=2000, max_retries=3),
        connect_timeout=timedelta(seconds=3),
        runtime=runtime,
        lazy=lazy,
    )
