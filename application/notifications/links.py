"""Where the buttons and links of a message lead: to the very comment, section, item or form."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from application.notifications.details import NoticeDetails
from domain.notifications.headlines import Spot, headline_of
from domain.notifications.notices import NoticeKind
from integrations.notifier import Link
from models.queries.notifications.background import REVIEWS, Background

_SPOTS = {
    Spot.NEXT_STEP: "#next-step",
    Spot.REVIEWERS: "#reviewers",
    Spot.PEOPLE: "#fact-author",
    Spot.TARGETS: "#targets",
    Spot.TICKETS: "#tickets",
}


@dataclass(frozen=True, slots=True)
class MessageLinks:
    """``base`` is the address of the web pages."""

    base: str

    def postmortem(self, postmortem_id: str) -> str:
        return f"{self.base}/postmortems/{quote(postmortem_id)}"

    def item(self, item_id: str) -> str:
        return f"{self.base}/action-items/{quote(item_id)}"

    def subject(self, details: NoticeDetails) -> str:
        """The page of what the notice is about."""
        notice = details.notice
        if notice.action_item_id:
            return self.item(notice.action_item_id)
        if notice.postmortem_id:
            return self.postmortem(notice.postmortem_id)
        if notice.integration_id:
            return f"{self.base}/settings/integrations/{quote(notice.integration_id)}"
        return f"{self.base}/teams/{quote(notice.about_team_id)}" if notice.about_team_id else f"{self.base}/inbox"

    def spot(self, details: NoticeDetails) -> str:
        """Where the notice's button leads."""
        notice, page = details.notice, self.subject(details)
        if notice.meeting_id and notice.postmortem_id:
            return f"{self.postmortem(notice.postmortem_id)}/meetings#{quote(notice.meeting_id)}"
        spot = headline_of(notice.kind).spot
        if notice.kind == NoticeKind.OWNER_LEFT:
            return f"{page}#owner"
        if spot is Spot.COMMENT:
            return f"{page}#c-{quote(notice.comment_id)}" if notice.comment_id else f"{page}#next-step"
        return page + _SPOTS.get(spot, "")

    def action(self, details: NoticeDetails) -> Link:
        return Link(headline_of(details.notice.kind).action, self.spot(details))

    def more(self, details: Sequence[NoticeDetails], background: Background) -> tuple[Link, ...]:
        """What leads may do about an escalation, and what a reviewer may compare."""
        first = details[0].notice
        found: list[Link] = []
        review = background.reviews.get(first.postmortem_id or "")
        if review and any(one.notice.kind in REVIEWS for one in details):
            page = f"{self.postmortem(first.postmortem_id or '')}/changes?since={quote(review.id)}"
            found.append(Link("See what changed", page))
        if any(one.notice.is_escalation for one in details):
            found += self._for_leads(details[0])
        return tuple(found)

    def _for_leads(self, details: NoticeDetails) -> list[Link]:
        notice = details.notice
        if notice.action_item_id:
            page = self.item(notice.action_item_id)
            return [Link("Reassign", f"{page}#owner"), Link("Extend", f"{page}#due"), Link("Waive", f"{page}#status")]
        page = self.postmortem(notice.postmortem_id or "")
        reassign = Link(
            "Reassign",
            f"{page}#reviewers" if notice.target == "review_completed" else f"{page}?edit=author#fact-author",
        )
        if notice.target is None or notice.kind != NoticeKind.TARGET_DUE:
            return [reassign]
        # The very form, which the page opens.
        return [reassign, *(Link(one, f"{page}#{one.lower()}-{notice.target}") for one in ("Extend", "Waive"))]
