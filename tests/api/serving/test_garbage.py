"""A full collection looks only at what is new since the last one, so that it holds nobody up."""

import subprocess
import sys

PROGRAM = """
import gc
from runtime.garbage import keep_collections_short

class Node: ...

def ring():
    one, other = Node(), Node()
    one.other, other.other = other, one

kept = [[number] for number in range(50_000)]
keep_collections_short()
keep_collections_short()
assert len(gc.get_objects()) < 1_000, "what is there at the start is set aside"
kept += [[number] for number in range(50_000)]
ring()
assert gc.collect() >= 2, "garbage is found"
assert len(gc.get_objects()) < 1_000, "what a full collection leaves is set aside, too"
ring()
assert gc.collect() >= 2, "also the next time"
assert sum(one.__name__ == "_set_aside" for one in gc.callbacks) == 1
"""


def test_what_stays_is_looked_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
