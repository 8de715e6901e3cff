"""Each kind of notice has one meaning, and what a person chooses for it decides where and when it is sent."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from activities.notifications import people_kinds
from domain.notifications.meanings import (
    CHANNELS,
    GROUPS,
    Meaning,
    When,
    all_wishes,
    is_direct,
    muted_kinds,
    way_of,
    when,
)
from domain.notifications.notices import NoticeKind

WISHES = st.dictionaries(
    st.sampled_from([one.value for one in Meaning]),
    st.dictionaries(st.sampled_from(CHANNELS), st.sampled_from([one.value for one in When])),
)


def test_each_kind_has_one_meaning() -> None:
    assert Counter(kind for group in GROUPS.values() for kind in group.kinds) == Counter(NoticeKind)
    assert set(GROUPS) == set(Meaning)
    assert list(CHANNELS) == people_kinds()


@given(WISHES)
def test_what_is_shown_and_saved_again_changes_nothing(wishes: Any) -> None:
    assert all_wishes(all_wishes(wishes)) == all_wishes(wishes)


@given(WISHES, st.sampled_from(sorted(NoticeKind)), st.booleans(), st.sampled_from([*CHANNELS, "inbox", None]))
def test_where_and_when(wishes: Any, kind: NoticeKind, by_a_person: bool, preferred: str | None) -> None:
    way = way_of(kind, by_a_person=by_a_person, wishes=wishes, preferred=preferred)
    (meaning,) = [one for one, group in GROUPS.items() if kind in group.kinds]
    if kind == NoticeKind.REVIEW_PENDING and by_a_person:
        meaning = Meaning.REVIEWS
    elif kind in muted_kinds([], wishes):
        assert way.channels == ()
    assert set(way.channels) == {one for one in CHANNELS if when(meaning, one, wishes) is not When.NEVER}
    if preferred in way.channels:
        assert way.channels[0] == preferred
    if way.at_once:
        assert when(meaning, way.channels[0], wishes) is When.AT_ONCE
        assert is_direct(kind, by_a_person=by_a_person) or meaning in {Meaning.REMINDERS, Meaning.ADMINISTRATION}


def test_who_chose_nothing_is_told_at_once_what_people_did_and_daily_what_the_clock_says() -> None:
    def usual(kind: NoticeKind, *, by_a_person: bool) -> bool:
        return way_of(kind, by_a_person=by_a_person, wishes={}, preferred=None).at_once

    assert usual(NoticeKind.MENTIONED, by_a_person=True)
    assert usual(NoticeKind.REVIEW_PENDING, by_a_person=True)
    assert not usual(NoticeKind.REVIEW_PENDING, by_a_person=False)
    assert not usual(NoticeKind.ACTION_ITEM_OVERDUE, by_a_person=False)
    assert not usual(NoticeKind.PUBLISHED, by_a_person=True)
