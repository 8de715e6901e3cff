"""Work in a process of its own: it ends with the work, knows no secret, and may crash or take too much."""

import os
import re
import signal
import sys

import psutil
import pytest

from application.lone_work import Crashed, Limits, TooMuchWork, run_alone
from domain.comments.anchors import anchor_on
from domain.errors import WordsNotFound


async def test_each_piece_of_work_has_a_process_that_ends_with_it() -> None:
    pids = [await run_alone(os.getpid) for _ in range(2)]
    assert len({*pids, os.getpid()}) == 3
    assert not any(psutil.pid_exists(one) for one in pids)


async def test_a_refusal_comes_back_as_it_was() -> None:
    with pytest.raises(WordsNotFound) as refused:
        await run_alone(anchor_on, "abc", "gone")
    assert refused.value.facts == {"quote": "gone", "length": 3}


async def test_it_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORD_SECRET_KEY", "secret")
    assert await run_alone(os.getenv, "AFTERWORD_SECRET_KEY") is None
    assert await run_alone(os.getenv, "PYTHONPATH")


async def test_what_takes_too_much_is_ended() -> None:
    with pytest.raises(TooMuchWork):
        await run_alone(re.fullmatch, "(a+)+b", "a" * 60, limits=Limits(seconds=1))
    with pytest.raises(TooMuchWork):
        await run_alone(signal.pause, limits=Limits(seconds_to_answer=0.5))
    with pytest.raises(TooMuchWork):
        await run_alone(bytearray, 2**33)


@pytest.mark.parametrize("work", [os.abort, sys.exit, os._exit])
async def test_a_crash_is_told_from_an_answer(work: object) -> None:
    arguments = (3,) if work is not os.abort else ()
    with pytest.raises(Crashed):
        await run_alone(work, *arguments)  # type: ignore[arg-type]


async def test_what_it_prints_is_no_answer() -> None:
    assert await run_alone(os.write, 1, b"noise") == 5
    assert await run_alone(print, "noise") is None
