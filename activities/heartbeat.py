"""How an activity that waits for somebody else tells Temporal that its worker lives: a killed one is soon replaced."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from temporalio import activity

T = TypeVar("T")

HEARTBEAT_EVERY = 2.0
"""Seconds."""


async def beating(work: Awaitable[T]) -> T:
    running = asyncio.ensure_future(work)
    try:
        while True:
            done, _ = await asyncio.wait([running], timeout=HEARTBEAT_EVERY)
            if done:
                return running.result()
            activity.heartbeat()
    finally:
        running.cancel()
