"""The merge's promises over whatever both sides may do: nothing is lost unseen, both end alike, twice is once."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from domain.tickets.merge import Agreed, Outcome, Theirs, merge, merge_field
from domain.tickets.projection import TicketField, Winner

FIELDS = list(TicketField)
VALUES = st.sampled_from([None, "3", "HIGH", "2026-12-01", "jane", "In Progress", "x"])
"""The same few for every field: a value says nothing about which field it is."""
winners = st.fixed_dictionaries({name: st.sampled_from(list(Winner)) for name in FIELDS})
edits = st.lists(st.tuples(st.sampled_from(["ours", "theirs", "sync"]), st.sampled_from(FIELDS), VALUES), max_size=25)


def there(value: str | None, *, unreadable: frozenset[str | None] = frozenset()) -> Theirs:
    """A vendor that keeps what it is given in its own way: lossy, but the same way each time."""
    return Theirs(value, None if value is None else value.removeprefix("vendor "), readable=value not in unreadable)


@dataclass
class Pair:
    """Both sides, and everything that a merge said was given up."""

    ours: dict[TicketField, str | None]
    theirs: dict[TicketField, str | None]
    base: dict[TicketField, Agreed]
    winners: dict[TicketField, Winner]
    lost: list[tuple[TicketField, str | None]] = field(default_factory=list)
    writes: int = 0

    def sync(self) -> None:
        told = {name: there(value) for name, value in self.theirs.items()}
        for name, one in merge(self.base, self.ours, told, self.winners).items():
            self.base[name] = one.agreed
            if one.conflict:
                self.lost.append((name, one.lost))
            if one.outcome is Outcome.IN:
                self.ours[name] = told[name].means
            if one.outcome is Outcome.OUT:
                self.writes += 1
                value = self.ours[name]
                self.theirs[name] = value if value is None else f"vendor {value}"
                self.base[name] = Agreed(value, self.theirs[name])

    def agree(self) -> bool:
        return all(there(self.theirs[name]).means == self.ours[name] for name in FIELDS)


def fresh(chosen: dict[TicketField, Winner]) -> Pair:
    start: dict[TicketField, str | None] = dict.fromkeys(FIELDS, "start")
    return Pair(dict(start), dict(start), {name: Agreed("start", "start") for name in FIELDS}, chosen)


@given(edits, winners)
def test_both_sides_end_alike_and_stay_so(steps: list[tuple[str, TicketField, str | None]], chosen: dict) -> None:  # type: ignore[type-arg]
    pair = fresh(chosen)
    for side, name, value in [*steps, ("sync", FIELDS[0], None)]:
        if side == "sync":
            pair.sync()
        else:
            getattr(pair, side)[name] = value
    assert pair.agree()
    before = (dict(pair.ours), dict(pair.theirs), dict(pair.base), pair.writes, list(pair.lost))
    pair.sync()
    assert (pair.ours, pair.theirs, pair.base, pair.writes, pair.lost) == before, "a second merge does nothing"


@given(edits, winners)
def test_a_value_disappears_only_when_it_is_told(
    steps: list[tuple[str, TicketField, str | None]], chosen: dict
) -> None:  # type: ignore[type-arg]
    """What somebody wrote last on either side, between two merges, holds afterwards or is named as lost."""
    pair = fresh(chosen)
    for side, name, value in [*steps, ("sync", FIELDS[0], None)]:
        if side != "sync":
            getattr(pair, side)[name] = value
            continue
        edited = [
            (one, mine if who == "ours" else there(mine).means)
            for one in FIELDS
            for who, mine, base in (
                ("ours", pair.ours[one], pair.base[one].ours),
                ("theirs", pair.theirs[one], pair.base[one].theirs),
            )
            if mine != base
        ]
        told = len(pair.lost)
        pair.sync()
        for one, wanted in edited:
            assert pair.ours[one] == wanted or (one, wanted) in pair.lost[told:], (one, wanted)


@given(st.sampled_from(FIELDS), VALUES, VALUES, winners)
def test_a_field_is_never_guessed_from_a_value(
    name: TicketField, ours: str | None, theirs: str | None, chosen: dict
) -> None:  # type: ignore[type-arg]
    """Whatever one field says, the others stay as they are."""
    pair = fresh(chosen)
    pair.ours[name], pair.theirs[name] = ours, theirs
    pair.sync()
    others = [one for one in FIELDS if one is not name]
    assert [pair.ours[one] for one in others] == ["start"] * 4
    assert [pair.theirs[one] for one in others] == ["start"] * 4


@given(VALUES, VALUES, VALUES, st.sampled_from(list(Winner)))
def test_what_we_cannot_read_is_never_taken_in(
    base: str | None, ours: str | None, theirs: str | None, winner: Winner
) -> None:
    told = there(theirs, unreadable=frozenset({theirs}))
    decision = merge_field(Agreed(base, base), ours, told, winner)
    assert decision.outcome is not Outcome.IN
    assert decision.conflict is (base not in {ours, theirs})


@given(VALUES, VALUES, VALUES)
def test_what_we_wrote_and_never_saw_is_compared_with_what_we_wrote(
    wrote: str | None, ours: str | None, theirs: str | None
) -> None:
    decision = merge_field(Agreed(wrote, None, seen=False), ours, there(theirs), Winner.OURS)
    means = there(theirs).means
    if means == wrote and ours != wrote:
        assert (decision.outcome, decision.conflict) == (Outcome.OUT, False)
    if means != wrote and ours == wrote:
        assert (decision.outcome, decision.agreed.ours) == (Outcome.IN, means)


@given(VALUES, VALUES)
def test_without_a_base_both_are_left_alone(ours: str | None, theirs: str | None) -> None:
    decision = merge_field(None, ours, there(theirs), Winner.OURS)
    assert (decision.outcome, decision.agreed) == (Outcome.NOTHING, Agreed(ours, theirs))
