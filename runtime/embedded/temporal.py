"""The embedded Temporal: the development server of the ``temporal`` program, with its state in one file."""

import http.client
import os
import shutil
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from runtime.embedded.home import Home
from runtime.processes import CannotStart, Part, environment_without, spawn

PORT = 7233
UI_PORT = 8233
PORTS_TO_TRY = 200


@dataclass(frozen=True, slots=True)
class Temporal:
    part: Part
    port: int
    ui_port: int
    namespace: str
    start_again: Callable[[], Part]
    """At the same address, which everybody knows by now: where that is taken, it ends at once."""

    @property
    def environment(self) -> dict[str, str]:
        """What ``temporalio.envconfig`` needs to find it, and nothing of a person's own configuration."""
        return {
            "TEMPORAL_ADDRESS": self.address,
            "TEMPORAL_NAMESPACE": self.namespace,
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.ui_port}"


def start(
    home: Home, *, port: int = PORT, ui_port: int = UI_PORT, namespace: str = "default", tuning: Sequence[str] = ()
) -> Temporal:
    """Starts it and returns at once. A port that is taken gives way to the next free one.

    ``tuning`` is more of Temporal's dynamic configuration, each ``name=value``.
    """
    port, ui_port = _free_port(port), _free_port(ui_port)

    def start_here() -> Part:
        return _start(home, port, ui_port, namespace, tuning)

    return Temporal(start_here(), port, ui_port, namespace, start_here)


def _start(home: Home, port: int, ui_port: int, namespace: str, tuning: Sequence[str]) -> Part:
    http_port = _any_free_port()
    log = home.log("temporal")
    process = spawn(
        [
            _program(),
            *("server", "start-dev", "--ip", "127.0.0.1", "--namespace", namespace, "--log-level", "warn"),
            *("--port", str(port), "--ui-port", str(ui_port), "--http-port", str(http_port)),
            *("--db-filename", home.path / "temporal.db"),
            *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
            # halves the time of every dispatch: the default waits for up to 50 ms between two polls
            *("--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"),
            *(word for value in tuning for word in ("--dynamic-config-value", value)),
            *("--ui-disable-news-fetch", "--disable-config-env", "--disable-config-file"),
        ],
        log=log,
        env=environment_without("TEMPORAL_"),
        cwd=home.path,
        keep_open=[home.lock],
    )
    home.remember(process.pid)
    return Part("Temporal", process, log, lambda: _answers(http_port, f"/api/v1/namespaces/{quote(namespace)}"))


def _program() -> Path:
    beside_python = Path(sys.executable).parent / "temporal"
    found = beside_python if beside_python.exists() else shutil.which("temporal")
    if found is None:
        raise CannotStart("the embedded Temporal isn't installed: set TEMPORAL_ADDRESS to use another one")
    return Path(found)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port(first: int) -> int:
    for port in range(first, first + PORTS_TO_TRY):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise CannotStart(f"no port is free between {first} and {first + PORTS_TO_TRY - 1} for Temporal")


def _any_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
