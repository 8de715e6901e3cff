"""A workspace of Asana: its people, projects and fields, and what a task holds."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.tickets.status import CloseReason
from integrations.trackers.asana.html import to_markdown
from tests.peers.tracker_peer import Answer

Json = dict[str, Any]

BASE = "/api/1.0"

PERSONAL, OAUTH = "a personal access token".replace(" ", "-"), "an-oauth-app-s-token"

WORKSPACE, HERE, THERE = "9001", "7001", "7002"

ME, JANE, BOB = "1001", "1002", "1003"

PEOPLE = {ME: ("Afterword", "afterword@example.com"), JANE: ("Jane", "jane@example.com"), BOB: ("Bob", None)}

SECTIONS = {HERE: {"8001": "To do", "8002": "Doing", "8003": "Done"}, THERE: {"8011": "Backlog", "8012": "Doing"}}

STATUS, PRIORITY = "6001", "6002"

OPTIONS = {"6101": "Not started", "6102": "In progress", "6103": "Done", "6104": "Won't do"}

NAMES = {HERE: "Follow-ups", THERE: "Web"}

TAG_OF = {CloseReason.NOT_PLANNED: "Won't do", CloseReason.DUPLICATE: "Duplicate"}

TAGS = {"body", "h1", "h2", "hr", "strong", "em", "u", "s", "code", "pre", "ol", "ul", "li", "a", "blockquote"}

COMMENT_TAGS = TAGS - {"h1", "h2", "hr"}

NOT_IN = {
    "li": {"h1", "h2", "pre", "blockquote", "hr"},
    "blockquote": {"ul", "ol", "h1", "h2"},
    "pre": TAGS,
    "h1": {"ul"},
}


@dataclass(slots=True)
class Story:
    gid: str
    author: str
    html: str
    subtype: str = "comment_added"


@dataclass(slots=True)
class Task:
    gid: str
    name: str
    author: str
    created_at: datetime
    modified_at: datetime
    html_notes: str = "<body></body>"
    completed: bool = False
    assignee: str | None = None
    due_on: str | None = None
    sections: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    option: str | None = None
    external: Json | None = None
    stories: list[Story] = field(default_factory=list)
    gone: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class NoAnswer(Exception):
    answer: Answer


def refusal_of(status: int, words: str) -> NoAnswer:
    return NoAnswer(Answer(status, {"errors": [{"message": words}]}))


def instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def named(gid: str, kind: str, **more: object) -> Json:
    return {"gid": gid, "resource_type": kind, **more}


def a_person(gid: str, *, email: bool = False) -> Json:
    if gid not in PEOPLE:
        raise refusal_of(404, f"user: Unknown object: {gid}")
    name, address = PEOPLE[gid]
    told = named(gid, "user", name=name)
    return told | ({"email": address} if email and address else {})


def an_option(gid: str) -> Json:
    return named(gid, "enum_option", name=OPTIONS[gid], enabled=True)


def a_field(gid: str) -> Json:
    return named(gid, "custom_field", name="Status", type="enum", enum_options=[an_option(one) for one in OPTIONS])


def a_story(story: Story) -> Json:
    return named(
        story.gid,
        "story",
        resource_subtype=story.subtype,
        type="comment" if story.subtype == "comment_added" else "system",
        text=to_markdown(story.html),
        html_text=story.html,
        created_by=a_person(story.author),
    )
