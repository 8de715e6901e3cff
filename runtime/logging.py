"""Structured logs on standard error: one line an event, with the ids it is about; no secrets, no texts."""

import logging
import re
import sys

import structlog

from runtime.settings import Settings

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
QUIET = ("httpx", "httpcore", "uvicorn.access", "github", "urllib3", "asyncio", "flufl.bounce")


def configure_logging(settings: Settings) -> None:
    """Console lines for people, JSON lines for machines; the standard library's loggers go the same way."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _on_one_line,
    ]
    as_json = settings.log_format == "json"
    rendered: list[structlog.types.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if as_json
        else [
            # the default formatter shows local variables, and so Authorization headers
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _on_one_line(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:  # noqa: ARG001
    """No text of a caller or a vendor can begin a line of its own, or command a terminal."""
    return {key: _CONTROL.sub(_escaped, value) if isinstance(value, str) else value for key, value in event.items()}


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
