"""What a process of the API and one of the worker does."""

import os
import socket
import sys

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where several processes of the API keep their metrics, so that each of them can answer for all."""


def serve(_number: int, listener: socket.socket) -> None:
    """Serves the API on that socket until SIGTERM or SIGINT."""
    import uvicorn

    from api.server import CONNECTIONS, DrainingServer, TimedProtocol
    from runtime.settings import get_settings

    server = DrainingServer(
        uvicorn.Config(
            "api.app:create_app",
            factory=True,
            proxy_headers=False,  # create_app adds them for AFTERWORD_TRUSTED_PROXIES
            access_log=False,  # the API's own middleware writes one line a request
            log_config=None,
            timeout_graceful_shutdown=5,
            http=TimedProtocol,
            limit_concurrency=CONNECTIONS,
            server_header=False,
        ),
        get_settings().drain_seconds,
    )
    server.run(sockets=[listener])
    if not server.started:
        sys.exit(3)


def work(number: int) -> None:
    """Runs a worker until SIGTERM or SIGINT."""
    import uvloop

    from runtime.settings import get_settings
    from worker import main

    settings = get_settings()
    if settings.worker_metrics and number:
        host, _, port = settings.worker_metrics.rpartition(":")
        settings = settings.model_copy(update={"worker_metrics": f"{host}:{int(port) + number}"})
    uvloop.run(main(settings))


def share_metrics(folder: str) -> None:
    os.environ[METRICS_FOLDER] = folder
