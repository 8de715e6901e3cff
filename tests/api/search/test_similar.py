"""Similar postmortems: a retold story is found, with the reasons, and with the action items still open."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.cli.running import ROOT
from tests.stack import Person, Stack

REAL = next(
    (
        folder
        for above in (ROOT.parent, ROOT.parent.parent)
        if (folder := above / "shared/testdata/postmortems/dfds").is_dir()
    ),
    Path("none"),
)
"""Real postmortems of one company; a newcomer does not have them."""

TWINS = (
    {"PM2021-005", "PM2021-006", "PM2021-007", "PM2021-009", "PM2021-010"},
    {"PM2021-002", "PM2021-003"},
    {"PM2020-002", "PM2020-009"},
)
"""The same story told again, by ``shared/testdata/README.md``."""

HEADINGS = {
    "summary": "summary",
    "impact": "impact",
    "contributing factors": "contributingFactors",
    "root cause": "rootCause",
    "resolution": "resolution",
    "lessons learned": "lessonsLearned",
    "detection": "detection",
}


def similar(person: Person, postmortem_id: str, limit: int = 3) -> Any:
    return ok(person.get(f"/api/postmortems/{postmortem_id}/similar", params={"limit": limit}))["items"]


def read_markdown(path: Path) -> dict[str, Any]:
    """A postmortem by its headings; what has a heading that we do not know goes into the response."""
    text = path.read_text()
    title = re.search(r"^# (.+)$", text, re.MULTILINE)
    fields: dict[str, Any] = {"title": title.group(1) if title else path.stem}
    rest = []
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        name = HEADINGS.get(heading.strip().lower())
        if name:
            fields[name] = body.strip()
        elif heading.strip().lower() not in {"attendees", "stats"}:
            rest.append(body.strip())
    return fields | {"response": "\n\n".join(rest)}


@pytest.mark.skipif(not REAL.is_dir(), reason="no shared test data here")
def test_real_twins_are_among_the_first_three(stack: Stack) -> None:
    """Precision as measured: every one of the nine retold stories finds a telling of its own among the first three."""
    author = stack.person()
    made = {
        path.name[:10]: ok(author.post("/api/postmortems", json=read_markdown(path)), 201)["id"]
        for path in sorted(REAL.glob("PM*.md"))
    }
    names = {id_: name for name, id_ in made.items()}
    missed = {}
    for twins in TWINS:
        for one in twins:
            first = [names.get(found["postmortem"]["id"], "?") for found in similar(author, made[one])]
            if not twins - {one} & set(first):
                missed[one] = first
    assert not missed


RETOLD = (
    (
        ("Checkout answers 502", "The connection pool of the payment database was exhausted, so that checkout failed."),
        ("Payments time out at noon", "Checkout failed: every connection of the payment database pool was in use."),
        ("Checkout down again", "Again the pool of database connections ran dry and payment could not be taken."),
    ),
    (
        ("Login refused everybody", "The signing certificate of the identity provider had expired over night."),
        ("Nobody could sign in", "An expired certificate: the identity provider signed with yesterday's."),
    ),
    (
        ("Nightly export incomplete", "The export job was killed for memory while it compressed the warehouse dump."),
        ("Warehouse dump missing", "Compressing the dump, the export job ran out of memory and was killed."),
    ),
)
"""Stories of one company as two or three people tell them, in words of their own."""


def test_retold_stories_are_among_the_first_three(stack: Stack) -> None:
    author, mark = stack.person(), uuid4().hex[:6]
    for number in range(6):
        writing.draft(author, title=f"Unrelated {number}", summary=f"{uuid4().hex} happened to nobody in particular.")
    for story in RETOLD:
        made = [writing.draft(author, title=f"{title} {mark}", summary=text)["id"] for title, text in story]
        for one in made:
            first = {found["postmortem"]["id"] for found in similar(author, one)}
            assert first & (set(made) - {one}), story


STORIES = (
    ("Certificate expired on the mail relay", "The mail relay refused every handshake: its certificate had expired."),
    ("Disk full on the billing ledger", "The ledger stopped writing because the archive volume had no space left."),
    ("Kafka consumer lag in shipping", "Consumers rebalanced endlessly and the shipping topic lagged for hours."),
)


def test_the_same_story_told_again(stack: Stack) -> None:
    author = stack.person()
    firsts, seconds = [], []
    for title, text in STORIES:
        firsts.append(writing.draft(author, title=title, summary=text)["id"])
        for number in range(4):
            writing.draft(
                author, title=f"Unrelated {number}", summary=f"{uuid4().hex} happened to nobody in particular."
            )
    for title, text in STORIES:
        told_again = f"Again: {' '.join(reversed(text.split()))}"
        seconds.append(writing.draft(author, title=f"Once more, {title.lower()}", summary=told_again)["id"])
    for first, second in zip(firsts, seconds, strict=True):
        assert similar(author, second)[0]["postmortem"]["id"] == first
        assert similar(author, first)[0]["postmortem"]["id"] == second


def test_the_reasons_and_what_is_still_open(stack: Stack) -> None:
    author, other = stack.person(), stack.person()
    service = ok(stack.client().post("/api/services", json={"name": f"svc-{uuid4().hex}"}), 201)
    rare = f"zq{uuid4().hex[:8]}"
    about = {"serviceIds": [service["id"]], "rootCauseCategory": "capacity"}
    last = writing.draft(author, title=f"{rare}ing queues", summary="The brokers were saturated.", **about)
    open_item = writing.with_item(author, last["id"], other.id, description="Add a broker")
    done = writing.with_item(author, last["id"], author.id, description="Restart it")
    ok(author.patch(f"/api/action-items/{done['id']}", json={"status": "COMPLETED"}))
    again = writing.draft(author, title=f"{rare}ed queues again", summary="Saturated brokers.", **about)
    (first, *_) = similar(author, again["id"])
    assert first["postmortem"]["id"] == last["id"]
    assert first["reasons"]["services"] == [{"id": service["id"], "name": service["name"]}]
    assert first["reasons"]["rootCauseCategory"] == "capacity"
    assert "queues" in first["reasons"]["words"]
    assert 0.5 < first["score"] <= 1
    (promise,) = first["openActionItems"]
    assert (promise["id"], promise["ownerId"], promise["overdue"]) == (open_item["id"], other.id, False)


def test_who_may_not_see_the_twin_does_not_learn_of_it(stack: Stack) -> None:
    insider, outsider = stack.person(), stack.person()
    rare = f"zq{uuid4().hex[:8]}"
    hidden = writing.draft(insider, title=f"{rare} melted", visibility="PRIVATE")
    visible = writing.draft(insider, title=f"{rare} melted", visibility="ORGANIZATION")
    mine = writing.draft(outsider, title=f"{rare} melted", visibility="ORGANIZATION")
    assert {one["postmortem"]["id"] for one in similar(insider, mine["id"])} >= {hidden["id"], visible["id"]}
    theirs = {one["postmortem"]["id"] for one in similar(outsider, mine["id"], 20)}
    assert visible["id"] in theirs
    assert hidden["id"] not in theirs
    assert outsider.get(f"/api/postmortems/{hidden['id']}/similar").status_code == 404


def test_nothing_is_like_what_says_nothing(stack: Stack) -> None:
    author = stack.person()
    made = ok(author.post("/api/postmortems", json={"title": "!!!"}), 201)
    assert similar(author, made["id"]) == []
