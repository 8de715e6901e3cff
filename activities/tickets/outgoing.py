"""What is left to write to a ticket once both sides are merged."""

from dataclasses import dataclass, replace
from datetime import datetime

from activities.tickets.merging import Merged
from application.action_items.tickets import wanted_values
from domain.action_items.action_item import ActionItemStatus
from domain.tickets import texts
from domain.tickets.projection import TicketField
from domain.tickets.status import wanted_standing
from domain.tickets.stored_values import AgreedValues, SentValues
from integrations.ticket import Ticket, TicketChange
from integrations.tracker import Tracker
from models.queries.tickets.tickets import TicketWork


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be written, and our side as it was when that was decided.

    ``known_at`` is the time of the newest state that was known then. ``footer`` is the text's, where the text is
    written; ``comment`` our one comment, where it has to change, and ``owner_comment`` what it says of the owner.
    """

    seen: Ticket
    known_at: datetime | None
    change: TicketChange
    fields: frozenset[TicketField]
    ours: dict[TicketField, str | None]
    sent: SentValues
    footer: str | None
    comment: str | None
    owner_comment: str | None = None

    @property
    def names(self) -> str:
        """For the sync log."""
        names = sorted(one.value for one in self.fields)
        return ", ".join(names) or ("comment" if self.comment else "text")


def outgoing_of(
    held: TicketWork, seen: Ticket, tracker: type[Tracker], merged: Merged, base_url: str
) -> Outgoing | None:
    """None where the ticket already says everything."""
    fields, ours = merged.to_write, merged.ours
    footer = footer_of(held, tracker, base_url)
    kept = AgreedValues.read(held.ticket.base).footer
    writes_body = TicketField.BODY in fields or (kept is not None and kept != footer)
    standing = wanted_standing(ActionItemStatus(held.item.status))
    change = TicketChange(
        title=ours[TicketField.TITLE] if TicketField.TITLE in fields else None,
        body=texts.body_of(held.item.details, footer) if writes_body else None,
        assignee=held.account if TicketField.ASSIGNEE in fields else None,
    )
    if TicketField.STATUS in fields:
        status = held.projection.statuses.get(ActionItemStatus(held.item.status))
        change = replace(change, state=standing.state, reason=standing.reason, status=status)
    if TicketField.DUE in fields and tracker.knows_due:
        change = replace(change, due_on=held.item.due_on, no_due_date=held.item.due_on is None)
    said = _comment(held)
    comment = said if said != held.ticket.comment else None
    if not fields and not writes_body and comment is None:
        return None
    return Outgoing(
        seen=seen,
        known_at=held.ticket.seen_at,
        change=change,
        fields=fields,
        ours=dict(ours),
        sent=wanted_values(held.item, held.account),
        footer=footer if writes_body else None,
        comment=comment,
        owner_comment=said,
    )


def footer_of(held: TicketWork, tracker: type[Tracker], base_url: str) -> str:
    """What stands below the details in the ticket's text."""
    link = f"{base_url}/postmortems/{held.item.postmortem_id}"
    return texts.footer_of(link, held.item.priority, None if tracker.knows_due else held.item.due_on)


def _comment(held: TicketWork) -> str | None:
    """What our one comment has to say of the owner; None where nothing needs saying."""
    name = held.owner_name
    if held.item.owner_id is None or name is None:
        return None
    if held.account is None:
        return texts.owner_comment(name)
    return texts.owner_found_comment(name) if held.ticket.comment is not None else None
