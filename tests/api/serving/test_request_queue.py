"""The queue in front of the database, where a flood of webhooks waits."""

import asyncio

import pytest

from api.request_queue import RequestQueue
from domain.errors import TooManyWaiting


def test_so_many_at_once_the_others_in_their_order_and_no_more_than_may_wait() -> None:
    async def flood() -> None:
        line, served, most, opened = RequestQueue(at_once=2, waiting=3), [], 0, asyncio.Event()
        inside = 0

        async def one(number: int) -> None:
            nonlocal inside, most
            async with line.turn():
                inside += 1
                most = max(most, inside)
                await opened.wait()
                served.append(number)
                inside -= 1

        tasks = [asyncio.create_task(one(number)) for number in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyWaiting):
            async with line.turn():
                pass
        tasks[3].cancel()  # a sender that gives up leaves the line
        opened.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (served, most) == ([0, 1, 2, 4], 2)
        async with line.turn():
            pass

    asyncio.run(flood())
