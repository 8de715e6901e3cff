"""What a process of the API and one of the worker does."""

import os
import resource
import socket
import sys

from runtime.garbage import collect_less

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where several processes of the API keep their metrics, so that each of them can answer for all."""

SPARE_FILES = 500
"""What a process of the API opens beside its clients' connections: of the database, its own processes, templates."""


def serve(_number: int, listener: socket.socket) -> None:
    """Serves the API on that socket until SIGTERM or SIGINT."""
    collect_less()
    import uvicorn

    from api.server import CONNECTIONS, GRACE_SECONDS, DrainingServer, TimedProtocol
    from runtime.settings import get_settings

    allow_files(CONNECTIONS + SPARE_FILES)
    server = DrainingServer(
        uvicorn.Config(
            "api.app:create_app",
            factory=True,
            proxy_headers=False,  # create_app adds them for AFTERWORD_TRUSTED_PROXIES
            access_log=False,  # the API's own middleware writes one line a request
            log_config=None,
            timeout_graceful_shutdown=GRACE_SECONDS,
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
    collect_less()
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


def allow_files(count: int) -> None:
    """Raises the soft limit of open files, which is 1,024 on many systems, as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
