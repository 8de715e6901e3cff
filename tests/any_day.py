"""``make test-any-day``: the suites that need no server, on days on which a calendar trips.

The clock is that of libfaketime (Debian's package ``faketime``), which moves every process that it is loaded into.
Temporal's program is static and cannot be moved: what needs it takes weekdays and nights when clocks change as
parameters instead (``tests/api/escalation/test_reminders.py``, ``tests/workflows``). What depends on a program of
somebody else whose clock it doesn't move is left out (marked ``own_clock``).
"""

# ruff: noqa: T201 - a command, which talks to whoever calls it

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUITES = ("tests/domain", "tests/integrations")
DAYS = {
    "a Saturday": ("UTC", "2027-01-16 12:00:00"),
    "a Sunday at 23:50": ("UTC", "2027-01-17 23:50:00"),
    "the last night of a month": ("UTC", "2027-01-31 23:55:00"),
    "the night when clocks go forward": ("Europe/Berlin", "2027-03-28 01:55:00"),
    "the night when clocks go back": ("Europe/Berlin", "2027-10-31 02:55:00"),
}
PLACES = (
    "/usr/lib/*/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
    "/usr/local/lib/faketime/libfaketime.so.1",
)


def library() -> Path | None:
    found = [path for place in PLACES for path in Path("/").glob(place.removeprefix("/"))]
    return found[0] if found else None


def main() -> int:
    preload = library()
    if preload is None:
        print("skipped: libfaketime is not here (Debian and Ubuntu: apt-get install faketime)", file=sys.stderr)
        return 0
    failed = []
    for name, (zone, instant) in DAYS.items():
        print(f"{name}: {instant} {zone}", flush=True)
        env = os.environ | {
            "LD_PRELOAD": str(preload),
            "FAKETIME": f"@{instant}",
            "DONT_FAKE_MONOTONIC": "1",  # waits and time-outs go on as ever
            "NO_FAKE_STAT": "1",  # files keep their times, else nothing compiled would be believed
            "TZ": zone,
        }
        words = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.faked_clock",
            "-m",
            "not own_clock",
            *(sys.argv[1:] or SUITES),
        ]
        if subprocess.run(words, cwd=ROOT, env=env, check=False).returncode:
            failed.append(name)
    print(f"failed on {', '.join(failed)}" if failed else "green on each of these days")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
