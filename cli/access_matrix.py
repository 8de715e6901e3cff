"""Generates ``docs/access.md`` from the tables of ``domain.access``, with one matrix for each status.

Run ``python -m cli.access_matrix > docs/access.md`` after a change; a test fails if the document is out of date.
"""

import sys
from collections.abc import Iterable, Sequence

from domain.access import ORGANIZATION_PERMISSIONS, PERMISSIONS, VISIBLE_TO, OrganizationRelation, Relation, Verb
from domain.postmortems.lifecycle import Status

COLUMNS: Sequence[Relation] = tuple(one for one in Relation if one not in {Relation.SYSTEM, Relation.READER})

_INTRODUCTION = """# Who may see and do what

This page is generated from `domain/access.py` with `python -m cli.access_matrix > docs/access.md`. Change it there.
`tests/api/access/test_access_table.py` checks every cell through HTTP.

A person can have several roles on one postmortem, and can then do what any of these roles can do. *Its author* is the
author of the comment and *its owner* the owner of the action item; neither gives access to the rest of the postmortem.
*Editor* means the level EDIT, *commenter* the level COMMENT. A *participant* responded to a
linked incident, and was confirmed if someone had worked on the postmortem before they were reported.

## Who can see a postmortem

For everyone else it doesn't exist: they get 404, and it appears in no list, count, search, notice or page."""

_BY_STATUS = """
Unless someone chooses otherwise, a postmortem in DRAFT or IN_REVIEW is visible to its team (TEAM), or PRIVATE if it has
no team; from then on it is visible to the ORGANIZATION. The owner of an action item can see that item even if they
can't see its postmortem.

## Who can do what

These tables are about people who can see the postmortem; those of them who have no mark get 403. An action that is
missing from a status is possible for no one in it: people who can do it in another status get 409, the others 403. A
token also needs the scope `read` to read, `write` for everything else, and `admin` for administration. Authors never
approve, even if they are reviewers, and can't delete a thread that others have replied to."""

_ORGANIZATION = """
## Everything else

A participant responded to the incident; a team member belongs to the incident's team."""


def as_markdown() -> str:
    parts = [_INTRODUCTION, "", *_visibility(), _BY_STATUS]
    for status in Status:
        rows = [_row(verb.value, PERMISSIONS[verb][status]) for verb in Verb if status in PERMISSIONS[verb]]
        parts += ["", f"### {status}", "", *_table(["", *COLUMNS], rows)]
    actions = [
        [verb.value, *(_mark(one in held) for one in OrganizationRelation)]
        for verb, held in ORGANIZATION_PERMISSIONS.items()
    ]
    parts += [_ORGANIZATION, "", *_table(["", *OrganizationRelation], actions)]
    return "\n".join(parts) + "\n"


def _visibility() -> Iterable[str]:
    heads = [one for one in COLUMNS if one not in {Relation.WRITER, Relation.OWNER, Relation.ORGANIZER}]
    rows = [
        [visibility.value, *(_mark(one in held) for one in heads), _mark(Relation.READER in held)]
        for visibility, held in VISIBLE_TO.items()
    ]
    return _table(["", *heads, "anyone else"], rows)


def _row(name: str, held: Iterable[Relation]) -> list[str]:
    held = set(held)
    return [name, *(_mark(one in held or Relation.READER in held) for one in COLUMNS)]


def _mark(holds: bool) -> str:
    return "●" if holds else ""


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield _line(heads)
    yield _line(["---", *[":-:"] * (len(heads) - 1)])
    yield from (_line(row) for row in rows)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
