"""Every kind of notice to everyone who could get it, one and among others: what is sent, or why nothing is.

``python -m tests.messages.goldens`` writes it to ``matrix.txt``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from application.notifications.details import settle_outdated
from domain.notifications.notices import NoticeKind, kind_of
from integrations.notifier import Message
from models.notification import Notice
from tests.messages.examples import INVITED, REVIEWS, UPCOMING
from tests.messages.scene import ADA, ALICE, BASE, BOB, JANE, KIM, LEE, NOW, OLGA, PM, Scene, background, second_round

K = NoticeKind
RECEIVERS = {
    "owner": Scene(OLGA),
    "author": Scene(JANE),
    "reviewer": Scene(BOB),
    "participant": Scene(ALICE),
    "lead": Scene(KIM, background=background(led={PM: "Payments"})),
    "administrator": Scene(ADA),
    "delegate of the reviewer": Scene(BOB, reviewer=LEE.id),
    "owner outside of a private one": Scene(OLGA, is_visible=False),
    "stranger to a private one": Scene(ALICE, is_visible=False),
}
BESIDES = (K.ACTION_ITEM_OVERDUE, K.COMMENT_ADDED, K.TARGET_DUE)
"""What comes along where there are several."""


@dataclass(frozen=True, slots=True)
class Cell:
    """``message`` is None where nothing is sent; ``outcomes`` say why."""

    kind: NoticeKind
    whom: str
    among_others: bool
    message: Message | None
    outcomes: Sequence[str]

    def line(self) -> str:
        where = f"{self.kind.value}, {self.whom}, {'many' if self.among_others else 'one'}"
        if self.message is None:
            return f"{where}: nothing ({', '.join(self.outcomes)})"
        entries = [
            " / ".join(
                [
                    f"{one.title}: {one.text}" if one.title else one.text,
                    *(point.text for point in one.points),
                    one.why,
                    *([f"{one.action.label} {one.action.url.removeprefix(BASE)}"] if one.action else []),
                    *(link.label for link in one.links),
                ]
            )
            for one in self.message.entries
        ]
        return "\n  ".join([f"{where}: {self.message.subject}", *entries])


def cells() -> Iterator[Cell]:
    for kind in NoticeKind:
        for whom, scene in RECEIVERS.items():
            for among_others in (False, True):
                yield _cell(kind, whom, scene, among_others=among_others)


def _cell(kind: NoticeKind, whom: str, scene: Scene, *, among_others: bool) -> Cell:
    status = "IN_REVIEW" if kind in REVIEWS | {K.REVIEW_AWAITED, K.REVIEW_COMPLETED} else "DRAFT"
    known = (
        scene.background if scene.background.led else background(reviews=second_round() if whom == "reviewer" else {})
    )
    scene = replace(scene, status=status, late_days=-2 if kind in UPCOMING else 18, background=known)
    notices = [_notice(scene, kind, whom)]
    if among_others:
        notices += [_notice(scene, one, whom, id=f"ntc_more_{one}") for one in BESIDES if one is not kind]
    details = scene.details(*notices)
    sent = [one.notice for one in settle_outdated(details, NOW)]
    outcomes = sorted({str(one.notice.outcome) for one in details if one.notice.outcome})
    message = scene.message("PROMPT" if kind_of(kind).is_prompt else "DIGEST", *sent) if sent else None
    return Cell(kind, whom, among_others, message, outcomes)


def _notice(scene: Scene, kind: NoticeKind, whom: str, **columns: Any) -> Notice:
    actor = BOB if scene.receiver is JANE else JANE
    about: dict[str, Any] = {"actor_id": actor.id if kind_of(kind).told_of else None}
    if whom == "lead":
        about |= {"is_escalation": kind in {K.TARGET_DUE, K.ACTION_ITEM_OVERDUE}, "rung": "+3"}
    if kind.startswith("away") or (whom.startswith("delegate") and kind not in INVITED):
        about["on_behalf_of_id"] = LEE.id
    return scene.notice(kind, **about | columns)
