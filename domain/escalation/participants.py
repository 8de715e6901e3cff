"""The people of one postmortem who may get reminders, by their roles, with their working hours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.escalation.policy import Recipient
from domain.escalation.reminders import Channel, Receiver
from domain.people.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Participants:
    """``present`` are active people who may see the postmortem; ``leads`` and ``administrators`` are among them. People
    who are away and have a delegate count as present: their notifications go to the delegate.

    ``teams_without_lead`` are the teams of the postmortem that nobody leads, with the id of their last lead;
    ``channels`` are those of its teams that have a channel of their own.
    """

    present: frozenset[str]
    author: str | None
    leads: tuple[str, ...]
    administrators: tuple[str, ...]
    teams_without_lead: Mapping[str, str | None]
    calendars: Mapping[str, Calendar]
    channels: tuple[str, ...] = ()

    def substitutes(self) -> tuple[str, ...]:
        """Who gets the reminders of an owner who is missing or left: the team's leads, or else one administrator."""
        return self.leads or self.administrators[:1]

    def owners(self, person_ids: Iterable[str | None]) -> tuple[Receiver, ...]:
        """Those of them who are present, or else their substitutes."""
        there = [one for one in dict.fromkeys(person_ids) if one in self.present]
        return tuple(Receiver(one) for one in (there or self.substitutes()) if one)

    @property
    def receivers(self) -> dict[Recipient, tuple[Receiver, ...]]:
        """If no team has a channel of its own, its lead gets that reminder, as they get the one to the lead."""
        leads = tuple(Receiver(one) for one in self.leads or self.administrators)
        return {
            Recipient.AUTHOR: self.owners([self.author]),
            Recipient.TEAM_CHANNEL: tuple(Receiver(one, Channel.SLACK) for one in self.channels) or leads,
            Recipient.TEAM_LEAD: leads,
            Recipient.ADMINISTRATORS: tuple(Receiver(one) for one in self.administrators),
        }
