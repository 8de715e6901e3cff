"""Jira by other people's hands, for the happy paths: PyPI ``backlot`` (reads of Jira Cloud, as it was measured) and
``jira820`` (Jira Data Center 8.20, which has a workflow). Each is a process of its own with packages of its own, kept
in the ignored ``.cache/``; their pins would not fit ours.

Known to differ from Jira Cloud: ``backlot`` 0.1.0 takes no writes, serves neither ``myself`` nor ``project/{key}`` nor
``issue/bulkfetch``, answers every field whatever is asked for, and lets a query's label pass unheeded. ``jira820``
0.12.0 speaks v2 (here its addresses are v3's), takes any credentials, knows an issue by its key only, and a resolution
by its name only: what is sent by id is taken and not heeded.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.peers.pypi import packages

PACKAGES = {
    "backlot": ("backlot==0.1.0", "xxhash==4.1.0", "graphql-core==3.2.14"),
    "jira820": ("jira820==0.12.0",),
}
_BACKLOT = """
import json, sys, backlot, backlot.server
backlot.server._LOCAL_HEALTH_ATTEMPTS = 1000  # on a busy machine it gives up too soon
with backlot.serve(json.loads(sys.stdin.readline()), telemetry=False) as server:
    print(json.dumps({"url": server.base_url + "/atlassian", "token": server.token}), flush=True)
    sys.stdin.read()
"""
_JIRA820 = """
import json, socket, sys, threading, uvicorn
from jira820.config import Config
from jira820.server import make_app
inner = make_app(config=Config(**json.loads(sys.stdin.readline())))
async def app(scope, receive, send):
    if scope["type"] == "http":
        scope["path"] = scope["path"].replace("/rest/api/3/", "/rest/api/2/")
    await inner(scope, receive, send)
listening = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
print(json.dumps({"url": "http://127.0.0.1:%d" % listening.getsockname()[1], "token": "any"}), flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class ForeignJira:
    url: str
    token: str


def _packages(name: str) -> Path:
    pins = PACKAGES[name]
    return packages(pins[0].replace("==", "-"), *pins)


@contextmanager
def _running(name: str, program: str, orders: object, folder: Path) -> Iterator[ForeignJira]:
    """Ends when its standard input does, also if the test's process is killed."""
    environment: Mapping[str, str] = {
        **os.environ,
        "PYTHONPATH": str(_packages(name)),
        "BACKLOT_TELEMETRY": "0",
        "PYTHONWARNINGS": "ignore",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            cwd=folder,
        )
    assert process.stdin
    assert process.stdout
    with process:
        try:
            process.stdin.write(json.dumps(orders).encode() + b"\n")
            process.stdin.flush()
            told = process.stdout.readline()
            if not told:
                pytest.fail(f"{name} did not start:\n{(folder / 'log').read_text()[-2000:]}", pytrace=False)
            yield ForeignJira(**json.loads(told))
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def running_backlot(records: Sequence[Mapping[str, Any]], folder: Path) -> Iterator[ForeignJira]:
    """``records`` are backlot's own, with ``source_type`` ``jira``."""
    with _running("backlot", _BACKLOT, list(records), folder) as jira:
        yield jira


@contextmanager
def running_jira820(config: Mapping[str, Any], folder: Path) -> Iterator[ForeignJira]:
    """``config`` are fields of its ``Config``."""
    with _running("jira820", _JIRA820, dict(config), folder) as jira:
        yield jira
