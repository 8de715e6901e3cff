"""CSV that people paste as a timeline: whatever it looks like, each row is an event or a problem."""

import csv
import io
import re
from bisect import bisect_right
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.timeline.pasted import parse_timeline
from domain.timeline.tables import DELIMITERS
from tests.nightly import tried

TIMES = ("14:03", "2:03 PM", "2025-11-20T14:03:00Z", "20.11.2025 14:03", "Nov 20, 2025 14:03", "", "25:99", "later")
NOISE = st.text(alphabet="\",;\t|'\\ aé0:-=@\u200b\u6642", max_size=12)
MARK = re.compile(r"w\d+x")


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Each row has its mark, ``w7x``."""
    rows: list[tuple[str, ...]] = []
    if draw(st.booleans()):
        rows.append(("Time", "Event", "Who"))
    for number in range(draw(st.integers(1, 12))):
        inside = draw(st.sampled_from(["", "", "", "\n", "\r\n"]))
        words = f"{draw(NOISE)} w{number}x{inside} {draw(NOISE)}"
        rows.append((draw(st.sampled_from(TIMES)), words, draw(st.sampled_from(["", "jane", "@bob"]))))
    out = io.StringIO()
    end = draw(st.sampled_from(["\n", "\r\n"]))
    csv.writer(out, delimiter=draw(st.sampled_from(DELIMITERS)), lineterminator=end).writerows(rows)
    text = draw(st.sampled_from(["", "\ufeff"])) + out.getvalue()
    for place in draw(st.lists(st.integers(0, 400), max_size=draw(st.sampled_from([0, 0, 4])))):
        at = min(place, len(text))
        text = text[:at] + draw(st.sampled_from('",;\t|\n\x00#*`')) + text[at:]
    return text


@settings(max_examples=tried(150, 5000), derandomize=True)
@given(tables())
def test_each_row_is_an_event_or_a_problem(text: str) -> None:
    parsed = parse_timeline(text, day=date(2025, 11, 20))
    lines = re.split(r"\r\n|\r|\n", text)
    told = " ".join(f"{one.event} {one.actor or ''}" for one in parsed.events)
    problems = [one.line for one in parsed.problems]
    starts = sorted({*problems, *(one.line for one in parsed.events)})
    for number, line in enumerate(lines, 1):
        for mark in MARK.findall(line):
            place = bisect_right(starts, number)
            is_problem = place > 0 and starts[place - 1] in problems
            assert mark in told or is_problem, (mark, line)
