"""The three-way merge between an action item and its ticket, field by field, over what both last agreed on.

Nothing here knows a tracker. Each field has a base with both sides: ours as we wanted it, and theirs as the vendor
returned it. These may differ, because rich text is lossy and trackers have other names for a status. So "changed here"
compares ours with our half of the base, and "changed there" compares theirs with their half.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.tickets.projection import TicketField, Winner
from domain.tickets.texts import UNKNOWN

_SIDES = {Winner.OURS: "Afterword's value", Winner.THEIRS: "the tracker's value"}


class Outcome(StrEnum):
    NOTHING = "nothing"
    OUT = "out"
    """Ours is to be written there."""
    IN = "in"
    """Theirs is to be taken in here."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """The base of one field. ``seen`` false: we wrote ``ours`` and never saw the result, so ``theirs`` means nothing,
    and any difference is another person's change."""

    ours: str | None
    theirs: str | None
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Theirs:
    """A field of the ticket: ``value`` as the vendor has it, ``means`` as we would store it. ``readable`` false: we
    cannot store it (an account that no person has), so it is never taken over."""

    value: str | None
    means: str | None
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one field. ``agreed`` is its base once that is done. For OUT it is as far as known before the
    write, so that deciding again before the write gives the same result, and no conflict is reported twice.

    ``conflict``: both sides had changed it; ``lost`` is the value that is overwritten, as we would store it if we can.
    """

    outcome: Outcome
    agreed: Agreed
    conflict: bool = False
    lost: str | None = None


def merge_field(base: Agreed | None, ours: str | None, theirs: Theirs, winner: Winner) -> Decision:
    """Without a base both sides are left as they are, and that is agreed on."""
    settled = Agreed(ours, theirs.value)
    if base is None:
        return Decision(Outcome.NOTHING, settled)
    same = theirs.readable and theirs.means == ours
    here, there = ours != base.ours, _changed_there(base, theirs)
    if same or not (here or there):
        return Decision(Outcome.NOTHING, settled)
    if not there:
        return Decision(Outcome.OUT, Agreed(base.ours, theirs.value))
    if not here:
        return _taken_in(settled, theirs)
    if winner is Winner.OURS:
        lost = theirs.means if theirs.readable else theirs.value
        return Decision(Outcome.OUT, Agreed(base.ours, theirs.value), conflict=True, lost=lost)
    taken = _taken_in(settled, theirs)
    return Decision(taken.outcome, taken.agreed, conflict=True, lost=ours)


def _changed_there(base: Agreed, theirs: Theirs) -> bool:
    if base.seen:
        return theirs.value != base.theirs
    return theirs.readable and theirs.means != base.ours


def _taken_in(settled: Agreed, theirs: Theirs) -> Decision:
    if not theirs.readable:
        return Decision(Outcome.NOTHING, settled)
    return Decision(Outcome.IN, Agreed(theirs.means, theirs.value))


def merge(
    base: Mapping[TicketField, Agreed],
    ours: Mapping[TicketField, str | None],
    theirs: Mapping[TicketField, Theirs],
    winners: Mapping[TicketField, Winner],
) -> dict[TicketField, Decision]:
    """A decision for each field that ``theirs`` has."""
    return {name: merge_field(base.get(name), ours[name], there, winners[name]) for name, there in theirs.items()}


def is_as_agreed(agreed: Mapping[TicketField, Agreed], values: Mapping[TicketField, str | None]) -> bool:
    """Whether the ticket has the values that both sides last agreed on."""
    return all(name in agreed and agreed[name].seen and agreed[name].theirs == value for name, value in values.items())


def keep_unknown_owner(
    base: Mapping[TicketField, Agreed], ours: Mapping[TicketField, str | None], theirs: Mapping[TicketField, Theirs]
) -> str | None:
    """Our value of the assignee. An owner who got an account later does not replace somebody whom a person assigned."""
    name = TicketField.ASSIGNEE
    wanted, agreed = ours[name], base.get(name)
    was_unknown = agreed is not None and (agreed.ours or "").startswith(UNKNOWN)
    if was_unknown and agreed is not None and theirs[name].value is not None and theirs[name].value != wanted:
        return agreed.ours
    return wanted


def summarize(taken: frozenset[TicketField], conflicts: Mapping[TicketField, Decision], *, needs_look: bool) -> str:
    """A merge for the sync log."""
    if needs_look:
        return "both changed"
    fields = sorted(one.value for one in taken)
    lost = sorted(one.value for one in conflicts)
    words = [f"took {', '.join(fields)}"] if fields else []
    words += [f"both changed {', '.join(lost)}"] if lost else []
    return "; ".join(words) or "unchanged"


def describe_conflict(name: TicketField, winner: Winner, lost: str | None) -> str:
    given_up = "nothing" if lost is None else f"'{lost[:120]}'"
    return f"{name.value}: {_SIDES[winner]} was kept, {given_up} was discarded"
