"""A command on a postmortem while it is carried out: who gave it, on which row, with which text."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit
from application.notifications.notices import channel_notices_of, notices_of
from domain.access import Viewer
from domain.escalation.targets import TargetName
from domain.notifications.notices import NoticeKind
from domain.postmortems.commands import PostmortemCommand
from domain.postmortems.lifecycle import Status
from models.postmortem import Postmortem
from models.queries.escalation.targets import met_target
from models.queries.notifications.notices import notice_rows
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.review.facts import ReviewFacts
from models.queries.rows import write_rows
from models.queries.together import ChangedRow
from models.session import Session


@dataclass(frozen=True, slots=True)
class PostmortemCommandContext:
    """``facts`` are from before the command; ``arguments`` holds the text that was staged for it, such as its comment.

    ``notices`` and ``changes`` (of rows that the session doesn't know) are written by :meth:`write`, with all else.
    """

    session: Session
    viewer: Viewer
    facts: ReviewFacts
    command: PostmortemCommand
    arguments: Mapping[str, Any]
    now: datetime
    notices: list[dict[str, Any]] = field(default_factory=list)
    changes: list[ChangedRow] = field(default_factory=list)

    @property
    def visible(self) -> VisiblePostmortem:
        return self.facts.visible

    @property
    def postmortem(self) -> Postmortem:
        return self.visible.postmortem

    @property
    def status(self) -> Status:
        return Status(self.visible.postmortem.status)

    @property
    def comment(self) -> str | None:
        return self.arguments.get("comment")

    async def write(self) -> None:
        """Everything that changed, in one statement."""
        await write_rows(self.session, notice_rows(self.session, self.notices), self.changes)
        self.notices.clear()
        self.changes.clear()

    def audit(self, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        key = self.postmortem.id
        audit(
            self.session,
            self.viewer,
            action,
            "postmortem",
            key,
            postmortem_id=key,
            before=before,
            after=after,
            at=self.now,
        )

    def note_change(self) -> None:
        """Increments the version."""
        self.postmortem.version += 1
        self.postmortem.updated_at = self.now

    def change_status(self, status: Status, action: str, **details: Any) -> None:
        """Writes the status that the lifecycle gave, and audits it as ``action``."""
        before = self.postmortem.status
        self.postmortem.status = status.value
        self.note_change()
        self.audit(action, {"status": before}, {"status": status.value, **details})

    def meet_targets(self, names: Iterable[TargetName]) -> None:
        """Marks targets as reached; those that were reached before keep their time."""
        targets = self.facts.targets
        open_ones = [one for one in names if one in targets and targets[one].target.met_at is None]
        self.changes.extend(met_target(self.postmortem.id, one, self.now) for one in open_ones)

    def notify(self, person_ids: Iterable[str], kind: NoticeKind, comment_id: str | None = None) -> None:
        """Notifies each person, once for this command, of what its sender did, and perhaps said in a comment."""
        key = f"{self.postmortem.id}:{kind}:{self.command.request_id}"
        about = {"postmortem_id": self.postmortem.id, "actor_id": self.viewer.person_id, "comment_id": comment_id}
        self.notices.extend(notices_of(person_ids, kind, key, at=self.now, **about))

    def notify_channels(self, kind: NoticeKind, occasion: str) -> None:
        """Notifies the channels of the postmortem's teams."""
        key = f"{self.postmortem.id}:{occasion}:{self.command.request_id}"
        about = {"postmortem_id": self.postmortem.id, "actor_id": self.viewer.person_id}
        self.notices.extend(channel_notices_of(self.facts.channel_team_ids, kind, key, at=self.now, **about))
