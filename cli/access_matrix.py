"""``docs/access.md``: the table of ``domain.access`` as people read it, one matrix for each status.

``python -m cli.access_matrix > docs/access.md`` writes it anew; a test fails where it is stale.
"""

import sys
from collections.abc import Iterable, Sequence

from domain.access import DEEDS, SEEING, TABLE, Relation, Standing, Verb
from domain.postmortems.lifecycle import Status

COLUMNS: Sequence[Relation] = tuple(one for one in Relation if one not in {Relation.SYSTEM, Relation.READER})

_INTRODUCTION = """# Who may see and do what

Made of `domain/access.py` by `python -m cli.access_matrix > docs/access.md`: change it there.
`tests/api/access/test_access_table.py` tries every cell through HTTP.

Somebody may be several of these to one postmortem, and may then do what any of them may. *Its author* is whoever wrote
the comment, *its owner* the one person who owns the action item: to all else of a postmortem they are nobody by that.
*Editor* has the level EDIT, *commenter* COMMENT. *Participant* is whoever responded to a linked incident.

## Who knows of a postmortem

To everybody else it is not there: 404, and it is in no list, count, search, notice or page."""

_STATUSES = """
Until somebody chooses, a postmortem is TEAM where it has a team, else PRIVATE, while DRAFT and IN_REVIEW; then
ORGANIZATION. The owner of an action item sees that item also where they may not see its postmortem.

## Who does what

Of those who may see it; the others get 403. A verb that is in no matrix of a status is nobody's then: 409 for those
who may do it in another status, 403 for the rest. A token also needs the scope `read` to read and `write` for all else,
and what administrators do beside postmortems needs `admin`. An author never approves, also where they are a reviewer,
and an author of a thread that others answered does not delete it."""

_DEEDS = """
## Beside postmortems

A participant is one of the incident, a team member one of the incident's team."""


def as_markdown() -> str:
    parts = [_INTRODUCTION, "", *_seeing(), _STATUSES]
    for status in Status:
        rows = [_row(verb.value, TABLE[verb][status]) for verb in Verb if status in TABLE[verb]]
        parts += ["", f"### {status}", "", *_table(["", *COLUMNS], rows)]
    deeds = [[deed.value, *(_mark(one in held) for one in Standing)] for deed, held in DEEDS.items()]
    parts += [_DEEDS, "", *_table(["", *Standing], deeds)]
    return "\n".join(parts) + "\n"


def _seeing() -> Iterable[str]:
    heads = [one for one in COLUMNS if one not in {Relation.WRITER, Relation.OWNER}]
    rows = [
        [visibility.value, *(_mark(one in held) for one in heads), _mark(Relation.READER in held)]
        for visibility, held in SEEING.items()
    ]
    return _table(["", *heads, "anybody else"], rows)


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
