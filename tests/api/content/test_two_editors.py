"""Two editors of one postmortem, in 200 random orders: nothing saved is lost, and nothing refused is stored.

Each line is written once and nowhere else, so the expected result of a merge is known without merging: the lines of all
sides, without those that one side removed."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.content import SectionRevision
from models.session import make_engine
from tests.api import writing
from tests.api.writing import ok
from tests.nightly import tried
from tests.stack import Person, Stack

RUNS = tried(40, 200)
STEPS = 5
SECTIONS = ("summary", "impact")
sides = st.integers(0, 1)
names = st.sampled_from(SECTIONS)
changes = st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["add", "change", "remove"])), min_size=1, max_size=2)


@dataclass
class Desk:
    """What one editor has open of one section."""

    base: int
    text: str


@dataclass
class Story:
    """What must stand in the database: every text of each section, by revision, and how it came about."""

    people: list[Person]
    path: str
    texts: dict[str, list[str]] = field(default_factory=dict)
    origins: dict[str, list[str]] = field(default_factory=dict)
    authors: dict[str, list[str]] = field(default_factory=dict)
    written: int = 0
    runs: int = 0
    merges: int = 0
    conflicts: int = 0

    def add(self, name: str, text: str, origin: str, who: Person) -> None:
        self.texts[name].append(text)
        self.origins[name].append(origin)
        self.authors[name].append(who.id)

    def line(self) -> str:
        self.written += 1
        return f"line {self.written}"

    def edited(self, text: str, place: int, how: str) -> str:
        """One line added, changed or removed; a text that has become short grows."""
        lines = text.split("\n")
        if len(lines) < 6:
            return "\n".join([*lines, *(self.line() for _ in range(6))])
        place %= len(lines)
        new = {"add": [lines[place], self.line()], "change": [self.line()], "remove": list[str]()}[how]
        return "\n".join([*lines[:place], *new, *lines[place + 1 :]])


def test_of_two_editors_nothing_is_lost(stack: Stack) -> None:
    author, editor = stack.person(), stack.person()
    made = writing.draft(author)
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    story = Story([author, editor], path)
    for name in SECTIONS:
        story.texts[name], story.origins[name] = ["", made[name]], ["", "prefill"]
        story.authors[name] = ["", author.id]

    class Editors(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            story.runs += 1
            self.desks = {(side, name): opened(story, name) for side in (0, 1) for name in SECTIONS}

        def write(self, side: int, name: str, edits: list[tuple[int, str]]) -> Desk:
            desk = self.desks[side, name]
            for place, how in edits:
                desk.text = story.edited(desk.text, place, how)
            return desk

        @rule(side=sides, name=names)
        def reads(self, side: int, name: str) -> None:
            self.desks[side, name] = read(story, side, name)

        @rule(side=sides, name=names, edits=changes, by_header=st.booleans())
        def saves(self, side: int, name: str, edits: list[tuple[int, str]], by_header: bool) -> None:
            desk = self.write(side, name, edits)
            answer = put(story, side, name, desk.text, desk.base, by_header=by_header)
            self.desks[side, name] = check_answer(story, side, name, desk, answer)

        @rule(name=names, first=sides, one=changes, other=changes)
        def both_save(self, name: str, first: int, one: list[tuple[int, str]], other: list[tuple[int, str]]) -> None:
            """Both began with the same text."""
            for side, edits in ((first, one), (1 - first, other)):
                self.desks[side, name] = opened(story, name)
                self.write(side, name, edits)
            for side in (first, 1 - first):
                self.saves(side, name, [], False)

        @rule(side=sides, name=names, edits=changes)
        def saves_over_everything(self, side: int, name: str, edits: list[tuple[int, str]]) -> None:
            desk = self.write(side, name, edits)
            check_saved(story, side, name, desk.text, put(story, side, name, desk.text))
            self.desks[side, name] = opened(story, name)

        @rule(side=sides, name=names, stale=st.booleans())
        def saves_the_whole_postmortem(self, side: int, name: str, stale: bool) -> None:
            desk, who = self.desks[side, name], story.people[side]
            version = ok(who.get(story.path))["version"] - int(stale)
            headers = {"If-Match": f'"{version}"'}
            answer = who.patch(story.path, json={name: desk.text}, headers=headers)
            if stale:
                assert answer.status_code == 412
                assert read(story, side, name) == opened(story, name)
            else:
                assert ok(answer)[name] == (desk.text or None)
                if desk.text != story.texts[name][-1]:
                    story.add(name, desk.text, "edit", who)
                self.desks[side, name] = opened(story, name)

        @rule(side=sides, name=names, back=st.integers(1, 3))
        def restores(self, side: int, name: str, back: int) -> None:
            who, number = story.people[side], max(1, len(story.texts[name]) - 1 - back)
            told = ok(who.post(f"{story.path}/sections/{name}/restore", json={"revision": number}))
            if story.texts[name][number] != story.texts[name][-1]:
                story.add(name, story.texts[name][number], "restore", who)
            assert (told["body"], told["revision"]) == (story.texts[name][-1], len(story.texts[name]) - 1)

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Editors,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert story.runs >= RUNS
    assert story.merges > 10
    assert story.conflicts > 10
    asyncio.run(check_history(stack, story))


def put(
    story: Story, side: int, name: str, text: str, base: int | None = None, *, by_header: bool = False
) -> httpx.Response:
    body: dict[str, Any] = {"body": text}
    headers = {}
    if base is not None and by_header:
        headers = {"If-Match": f'"{base}"'}
    elif base is not None:
        body["baseRevision"] = base
    answer: httpx.Response = story.people[side].put(f"{story.path}/sections/{name}", json=body, headers=headers)
    return answer


def opened(story: Story, name: str) -> Desk:
    return Desk(len(story.texts[name]) - 1, story.texts[name][-1])


def read(story: Story, side: int, name: str) -> Desk:
    told = ok(story.people[side].get(f"{story.path}/sections/{name}"))
    desk = Desk(told["revision"], told["body"])
    assert desk == opened(story, name)
    return desk


def check_saved(story: Story, side: int, name: str, text: str, answer: httpx.Response) -> None:
    told = ok(answer)
    if text != story.texts[name][-1]:
        story.add(name, text, "edit", story.people[side])
    assert (told["body"], told["revision"], told["merged"]) == (text, len(story.texts[name]) - 1, False)


def check_answer(story: Story, side: int, name: str, desk: Desk, answer: httpx.Response) -> Desk:
    """What was saved upon an older revision: merged, or refused with all three texts."""
    texts = story.texts[name]
    current = texts[-1]
    if desk.base == len(texts) - 1:
        check_saved(story, side, name, desk.text, answer)
        return opened(story, name)
    base = texts[desk.base]
    if answer.status_code == 412:
        told = answer.json()
        assert told["code"] == "SectionConflict"
        assert (told["yours"], told["current"], told["base"]) == (desk.text, current, base)
        assert told["currentRevision"] == len(texts) - 1
        assert desk.text not in {base, current}
        assert read(story, side, name) == opened(story, name)
        story.conflicts += 1
        return desk
    told = ok(answer)
    check_merge(base, desk.text, current, told["body"])
    assert told["merged"] == (told["body"] != desk.text)
    story.merges += told["body"] not in {desk.text, current}
    if told["body"] != current:
        story.add(name, told["body"], "merge" if told["merged"] else "edit", story.people[side])
    assert told["revision"] == len(texts) - 1
    return opened(story, name)


def check_merge(base: str, yours: str, current: str, merged: str) -> None:
    was, mine, theirs, now = (set(text.split("\n")) - {""} for text in (base, yours, current, merged))
    deleted = (was - mine) | (was - theirs)
    assert now == (mine | theirs) - deleted
    for side in (yours, current):
        assert [one for one in merged.split("\n") if one in side.split("\n")] == [
            one for one in side.split("\n") if one in now | {""} and one in merged.split("\n")
        ]


async def check_history(stack: Stack, story: Story) -> None:
    """Every text that was ever saved, as it was saved, by whom and how; the newest is the one that stands."""
    engine = make_engine(stack.database_url)
    async with AsyncSession(engine) as session:
        for name, texts in story.texts.items():
            statement = select(SectionRevision).where(
                SectionRevision.postmortem_id == story.path.rpartition("/")[2], SectionRevision.name == name
            )
            rows = (await session.execute(statement.order_by(SectionRevision.revision))).scalars().all()
            assert [one.revision for one in rows] == list(range(1, len(texts)))
            assert [one.body for one in rows] == texts[1:]
            assert [one.origin for one in rows] == story.origins[name][1:]
            assert [one.author_id for one in rows] == story.authors[name][1:]
            read(story, 0, name)
    await engine.dispose()


@pytest.mark.parametrize("lost", ["line 2", "line 9"])
def test_a_merge_that_loses_a_line_would_be_noticed(lost: str) -> None:
    sides = ("line 1\nline 2\nline 3", "line 1\nline 2\nline 3\nline 9", "line 0\nline 1\nline 2\nline 3")
    merged = "line 0\nline 1\nline 2\nline 3\nline 9"
    check_merge(*sides, merged)
    with pytest.raises(AssertionError):
        check_merge(*sides, merged.replace(f"\n{lost}", ""))
