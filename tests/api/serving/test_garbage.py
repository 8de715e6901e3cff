"""A full collection looks only at what is new since the first ones, so that it holds nobody up."""

import subprocess
import sys

PROGRAM = """
import gc
from runtime.garbage import FIRST, set_aside_what_stays

class Node: ...

def ring():
    one, other = Node(), Node()
    one.other, other.other = other, one

kept = [[number] for number in range(50_000)]
set_aside_what_stays()
assert len(gc.get_objects()) < 1_000, "what is there at the start is set aside"
for _ in range(FIRST):
    kept += [[number] for number in range(50_000)]
    ring()
    assert gc.collect() >= 2, "garbage is found"
    assert len(gc.get_objects()) < 1_000, "what the first full collections leave is set aside, too"
ends_later = Node()
ends_later.itself = ends_later
gc.collect()
del ends_later
assert gc.collect() >= 1, "what lives through a later one is still found when it ends"
assert gc.callbacks == []
"""


def test_what_stays_is_looked_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
