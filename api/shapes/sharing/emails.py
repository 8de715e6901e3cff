"""Requests and answers about e-mails to customers."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.shapes.base import Given, Shape
from application.sharing.customer_emails import ShownEmail
from domain.sharing.mailing import RECIPIENTS_LIMIT, MailState, RecipientState
from integrations.fields import Email, Words


class CustomerEmailNew(Given):
    """``recipients`` are up to 5,000 addresses; one that is named twice gets one e-mail. ``preview``: nothing is
    sent."""

    subject: Annotated[str, Words(200, one_line=True)]
    recipients: Annotated[list[Email], Field(min_length=1, max_length=RECIPIENTS_LIMIT)]
    preview: bool = False


class EmailPreviewOut(Shape):
    """What would be sent, and to how many: ``unsubscribed`` of the ``recipients`` would be left out."""

    subject: str
    text: str
    summary_version: int
    recipients: int
    unsubscribed: int


class EmailCounts(Shape):
    """``skipped``: unsubscribed, or failed."""

    queued: int
    sent: int
    bounced: int
    skipped: int


class EmailRecipientOut(Shape):
    """``address`` is null once it was removed, 90 days after."""

    address: str | None
    state: RecipientState
    reason: str | None
    at: datetime


class CustomerEmailOut(Shape):
    """``text`` is the public summary as it was approved then, in its ``summaryVersion``. ``problem`` says why nothing
    is sent now, or why it was stopped. ``recipients`` is empty in lists."""

    id: str
    postmortem_id: str
    subject: str
    text: str
    summary_version: int
    state: MailState
    problem: str | None
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    counts: EmailCounts
    recipients: list[EmailRecipientOut]


def email_out(shown: ShownEmail) -> CustomerEmailOut:
    row, counts = shown.row, shown.counts
    return CustomerEmailOut(
        id=row.id,
        postmortem_id=row.postmortem_id,
        subject=row.subject,
        text=row.text,
        summary_version=row.summary_version,
        state=MailState(row.state),
        problem=row.problem,
        created_by=row.created_by_id,
        created_at=row.created_at,
        finished_at=row.finished_at,
        counts=EmailCounts(
            queued=counts.get("QUEUED", 0),
            sent=counts.get("SENT", 0),
            bounced=counts.get("BOUNCED", 0),
            skipped=counts.get("UNSUBSCRIBED", 0) + counts.get("FAILED", 0),
        ),
        recipients=[
            EmailRecipientOut(address=one.address, state=one.state, reason=one.reason, at=one.at)
            for one in shown.recipients
        ],
    )
