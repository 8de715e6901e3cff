"""Child processes that end with their parent, and the order in which signals ask them to."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAUSE = 0.02  # seconds between two looks at a child: far below what a person notices
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class CannotStart(Exception):
    """An expected reason why something does not run. Its text is one line for a person: no trace is shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """One running child: a server, the worker or the API."""

    name: str
    """As people read it: "PostgreSQL", "the worker"."""
    process: subprocess.Popen[bytes]
    log: Path
    is_ready: Callable[[], bool]
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    """Each one sharper than the one before; SIGKILL is always the last."""
    patience: float = 5.0
    """Seconds that each signal gets."""

    def wait_until_ready(self, seconds: float = 30.0) -> None:
        """Raises ``CannotStart`` when the process ends, or is not ready in time."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if self.process.poll() is not None:
                raise CannotStart(f"{self.name} {self.how_it_ended()} while starting\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise CannotStart(f"{self.name} wasn't ready after {seconds:.0f} s\n{self.last_words()}")
            time.sleep(PAUSE)

    def stop(self, impatient: Callable[[], bool] = lambda: False) -> None:
        """Returns once the process is gone; ``impatient`` is asked all the time and cuts every wait short."""
        for stop_signal in self.stop_signals:
            if self.process.poll() is not None:
                return
            self.process.send_signal(stop_signal)
            deadline = time.monotonic() + self.patience
            while self.process.poll() is None and time.monotonic() < deadline and not impatient():
                time.sleep(PAUSE)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def how_it_ended(self) -> str:
        code = self.process.poll()
        if code is None:
            return "is running"
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def last_words(self, lines: int = 12) -> str:
        """The end of its log, indented, with the place of the whole."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            tail = deque((line.rstrip() for line in log if line.strip()), maxlen=lines)
        return "\n".join([*(f"    {line}" for line in tail), f"    (full log: {self.log})"])


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    death_signal: signal.Signals = signal.SIGTERM,
    keep_open: Sequence[int] = (),
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child in its own session, so that the terminal's Ctrl-C reaches the supervisor alone.

    On Linux the kernel sends ``death_signal`` when the *thread* that called this ends, also by SIGKILL: call
    it from the main thread. ``keep_open`` are file descriptors that the child inherits.
    """
    parent = os.getpid()
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            pass_fds=tuple(keep_open),
            preexec_fn=lambda: end_with(parent, death_signal),  # noqa: PLW1509  only a system call; no lock is taken
            user=user,
            group=user,
            extra_groups=[] if user else None,
            umask=0o077,  # what a child writes (data, logs) is nobody else's to read
        )


def environment_without(prefix: str) -> dict[str, str]:
    """This environment less the variables that a person set for another server of that kind."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefix)}


def end_with(parent: int, death_signal: signal.Signals = signal.SIGTERM) -> None:
    """Runs in the child, after it has become its user (a change of user clears the wish)."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != parent:  # it died before the wish was made
        os._exit(1)
