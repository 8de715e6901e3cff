"""Texts are worked on in processes of their own, which may be killed, take too long, or refuse."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from application import text_work
from domain.comments.anchors import anchor_on
from domain.comments.formatting import Passage, format_passages
from domain.errors import TextTooComplex, WordsNotFound
from tests.stack import eventually


async def test_work_is_done_in_another_process() -> None:
    assert await text_work.run(os.getpid, length=1) != os.getpid()
    html = await text_work.run(format_passages, [Passage("a **b**")], length=7)
    assert html == ['<p dir="auto">a <strong>b</strong></p>\n']


async def test_a_refusal_comes_back_as_it_was() -> None:
    with pytest.raises(WordsNotFound) as refused:
        await text_work.run(anchor_on, "abc", "gone", length=3)
    assert refused.value.facts == {"quote": "gone", "length": 3}


async def test_a_killed_process_is_replaced() -> None:
    pid = await text_work.run(os.getpid, length=1)
    os.kill(pid, signal.SIGKILL)
    assert await text_work.run(os.getpid, length=1) != pid


async def test_what_takes_too_long_is_ended_and_the_next_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    before = await text_work.run(os.getpid, length=1)
    monkeypatch.setattr(text_work, "SECONDS_TO_ANSWER", 1.0)
    with pytest.raises(TextTooComplex):
        await text_work.run(time.sleep, 60, length=1)
    monkeypatch.undo()
    assert not psutil.pid_exists(before)
    assert await text_work.run(os.getpid, length=1) != before


async def test_what_takes_too_much_of_a_processor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_work, "SECONDS", 0.5)
    with pytest.raises(TextTooComplex):
        await text_work.run(re.fullmatch, "(a+)+b", "a" * 60, length=1)


async def test_what_takes_too_much_memory_is_refused() -> None:
    with pytest.raises(TextTooComplex):
        await text_work.run(bytearray, 4 * text_work.MEMORY, length=1)
    assert await text_work.run(os.getpid, length=1)


async def test_short_texts_do_not_wait_for_long_ones() -> None:
    long = asyncio.create_task(text_work.run(time.sleep, 4, length=text_work.LONG + 1))
    await text_work.run(os.getpid, length=1)
    assert not long.done()
    await long


def test_processes_end_with_the_one_that_needed_them() -> None:
    program = (
        "import asyncio, os, time\n"
        "from application import text_work\n"
        "if __name__ == '__main__':\n"
        "    async def main():\n"
        "        print(await text_work.run(os.getpid, length=1), flush=True)\n"
        "        time.sleep(600)\n"
        "    asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    eventually(lambda: not psutil.pid_exists(child))
