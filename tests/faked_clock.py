"""A plugin of pytest for ``tests.any_day``: lets Python sleep while libfaketime has the clock.

libfaketime 0.9.10 moves the instant until which ``time.sleep`` waits by the monotonic clock, also where it is told to
leave that clock alone, and the kernel refuses what comes of it.
"""

import select
import time


def sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


time.sleep = sleep
