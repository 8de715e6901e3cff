"""The access table: its page is up to date, its texts are sentences, and it covers every transition."""

import pytest

from cli import access_matrix
from domain import access
from domain.access import PERMISSIONS, Relation, Verb
from domain.errors import NotAllowed
from domain.postmortems.lifecycle import TRANSITIONS, Status, Transition
from tests.cli.running import ROOT


def test_the_page_is_fresh() -> None:
    told = "python -m cli.access_matrix > docs/access.md"
    assert (ROOT / "docs" / "access.md").read_text() == access_matrix.as_markdown(), told


def test_a_move_is_somebodys_where_it_exists_and_nobodys_elsewhere() -> None:
    for move in Transition:
        exists = {before for before, one in TRANSITIONS if one is move}
        assert PERMISSIONS[Verb[move.value]].keys() == exists


@pytest.mark.parametrize(
    ("verb", "status", "held", "who"),
    [
        (
            Verb.RESOLVE,
            Status.DRAFT,
            {Relation.TEAM},
            "the comment's author, the postmortem's author, an editor, a reviewer, or an administrator",
        ),
        (Verb.REWORD, Status.DRAFT, {Relation.ADMIN}, "the comment's author"),
        (Verb.MANAGE, Status.DRAFT, {Relation.REVIEWER}, "the postmortem's author, an editor, or an administrator"),
        (Verb.MANAGE, Status.PUBLISHED, {Relation.AUTHOR}, "an administrator"),
        (Verb.PUBLISH, Status.IN_REVIEW, {Relation.EDITOR}, "the postmortem's author or an administrator"),
        (Verb.REQUEST_CHANGES, Status.ARCHIVED, {Relation.AUTHOR}, "a reviewer or an administrator"),
    ],
)
def test_a_refusal_says_who_may(verb: Verb, status: Status, held: set[Relation], who: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        access.check(verb, status, held)
    assert refused.value.facts["who"] == who


def test_whoever_may_elsewhere_is_told_of_the_status_by_the_lifecycle() -> None:
    access.check(Verb.ARCHIVE, Status.DRAFT, {Relation.ADMIN})
    assert not access.may(Verb.ARCHIVE, Status.DRAFT, {Relation.ADMIN})
