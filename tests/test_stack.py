"""The test servers themselves: nothing is left of them when the tests are killed."""

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from tests.cli.running import ROOT
from tests.stack import eventually

SCRIPT = """
import json, pathlib, socket, sys, time
from tests.cli.running import free_port
from tests.stack import PARTS, running_stack
taken = {name: free_port() for name in ("api_port", "temporal_port", "ui_port")}
held = [socket.create_server(("127.0.0.1", port)) for port in taken.values()]
with running_stack(pathlib.Path(sys.argv[1]), **taken) as stack:
    print(json.dumps({name: stack.process(name).pid for name in PARTS}), flush=True)
    time.sleep(600)
"""


def test_ports_that_are_taken_are_left_and_nothing_is_left_of_a_stack_whose_tests_are_killed() -> None:
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder:
        words = [sys.executable, "-c", SCRIPT, str(Path(folder) / "home")]
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as tests:
            assert tests.stdout is not None
            pids = json.loads(tests.stdout.readline())
            assert all(psutil.pid_exists(pid) for pid in pids.values())
            tests.send_signal(signal.SIGKILL)
        eventually(lambda: not [name for name, pid in pids.items() if _lives(pid)])


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
