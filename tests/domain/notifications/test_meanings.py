"""Each kind of notice has one meaning, and what a person chooses by meaning mutes exactly those kinds."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.notifications.meanings import GROUPS, Meaning, Wish, muted_by, wish_of
from domain.notifications.notices import NoticeKind

KINDS = st.sets(st.sampled_from(sorted(NoticeKind)))


def test_each_kind_has_one_meaning() -> None:
    assert Counter(kind for group in GROUPS.values() for kind in group.kinds) == Counter(NoticeKind)
    assert set(GROUPS) == set(Meaning)


@given(KINDS)
def test_what_is_shown_and_saved_again_changes_nothing(muted: set[NoticeKind]) -> None:
    assert muted_by({one: wish_of(one, muted) for one in Meaning}, muted) == sorted(muted)


@given(KINDS, st.dictionaries(st.sampled_from(sorted(Meaning)), st.sampled_from([Wish.SEND, Wish.INBOX])))
def test_what_is_chosen_is_shown_again(muted: set[NoticeKind], wishes: dict[Meaning, Wish]) -> None:
    after = muted_by(wishes, muted)
    assert {one: wish_of(one, after) for one in wishes} == wishes
