"""Every message that is looked at: each kind of notice, then each receiver, one and many."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from application.notifications.delivery import PendingReview
from domain.notifications.notices import NoticeKind, kind_of
from integrations.notifier import Message
from models.queries.notifications.weekly_summary import ChangedTarget, OverdueWork, StatusChange, WeeklySummary
from tests.messages.scene import (
    ADA,
    ALICE,
    BOB,
    COMMENT,
    ITEM,
    ITEM_ID,
    JANE,
    KIM,
    LEE,
    NOW,
    OLGA,
    PM,
    REMARK,
    REQUEST,
    TITLE,
    Scene,
    ago,
    background,
    second_round,
)

K = NoticeKind
REVIEWS = frozenset({K.REVIEW_REQUESTED, K.REVIEW_PENDING, K.REVIEW_STALE})
ADMINS = frozenset({K.CONNECTION_NEEDS_ATTENTION, K.CONNECTION_WELL_AGAIN, K.TEAM_WITHOUT_LEAD})
LEADS = frozenset({K.OWNER_LEFT, K.AUTHOR_LEFT, K.REVIEWER_LEFT, K.TARGET_SLIPPED})
OWNERS = frozenset(
    {
        *(K.ACTION_ITEM_ASSIGNED, K.ACTION_ITEM_DUE, K.ACTION_ITEM_OVERDUE, K.ACTION_ITEM_FOLLOWED_TICKET),
        *(K.TICKET_CONFLICT, K.TICKET_DELETED, K.TICKET_FORBIDDEN),
    }
)
UPCOMING = frozenset({K.ACTION_ITEM_DUE, K.ACTION_ITEM_ASSIGNED, K.REVIEW_REQUESTED, K.TARGET_SLIPPED})
REMINDERS = frozenset(
    {
        *(K.REVIEW_PENDING, K.REVIEW_AWAITED, K.TARGET_DUE, K.DRAFT_STALE, K.ACTION_ITEM_DUE, K.ACTION_ITEM_OVERDUE),
        K.THREADS_UNRESOLVED,
    }
)
STRANGERS = {K.MENTIONED: BOB, K.COMMENT_REPLIED: BOB, K.EDITOR_ADDED: ALICE, K.PUBLISHED: OLGA}
INVITED = frozenset({K.MEETING_SCHEDULED, K.MEETING_TOMORROW, K.MEETING_BEGINS})


@dataclass(frozen=True, slots=True)
class Example:
    """``name`` is one word; ``whom`` says who gets it."""

    name: str
    whom: str
    message: Message


def of_kind(kind: NoticeKind) -> Example:
    """One notice of that kind, to somebody who gets it, by the person who causes it or by the clock."""
    led = {PM: "Payments"} if kind in LEADS else {}
    words = {f"ntc_{kind}": REQUEST} if kind is K.CHANGES_REQUESTED else {}
    remarks = {COMMENT: replace(REMARK, author=BOB.name, body=REQUEST if kind is K.CHANGES_REQUESTED else REMARK.body)}
    told = background(words, led=led, remarks=remarks)
    receiver, whom = (
        (BOB, "reviewer")
        if kind in REVIEWS
        else (ADA, "administrator")
        if kind in ADMINS
        else (KIM, "lead")
        if kind in LEADS
        else (OLGA, "owner")
        if kind in OWNERS
        else (STRANGERS[kind], "participant")
        if kind in STRANGERS
        else (ALICE, "attendee")
        if kind in INVITED
        else (JANE, "author")
    )
    actor = None if not kind_of(kind).told_of else JANE if receiver is not JANE else BOB
    if kind in {K.REVIEW_PENDING, K.REVIEW_AWAITED}:
        actor = None
    about = {"actor_id": actor.id if actor else None, "rung": "due" if kind in REMINDERS else None}
    if kind.startswith("away"):
        about["on_behalf_of_id"] = LEE.id
    status = "IN_REVIEW" if kind in REVIEWS | {K.REVIEW_AWAITED, K.REVIEW_COMPLETED} else "DRAFT"
    scene = Scene(receiver, status=status, late_days=-2 if kind in UPCOMING else 18, background=told)
    return Example(kind.value, whom, scene.message(_sent_as(kind), scene.notice(kind, **about)))


def _sent_as(kind: NoticeKind) -> str:
    return "PROMPT" if kind_of(kind).is_prompt else "DIGEST"


def of_receivers() -> Iterator[Example]:
    """Everyone who may get something, with one thing or with many."""
    yield Example("digest_of_many", "author", _many())
    scene = Scene(BOB, status="IN_REVIEW", background=background(reviews=second_round()))
    again = scene.notice(K.REVIEW_REQUESTED, actor_id=JANE.id)
    yield Example("second_round", "reviewer", scene.message("DIGEST", again))
    late = Scene(KIM, background=background(led={PM: "Payments"}))
    targets = [
        late.notice(K.TARGET_DUE, id=f"ntc_{name}", target=name, rung="+3", is_escalation=True)
        for name in ("draft_started", "draft_completed", "review_completed", "published")
    ]
    yield Example("escalation_of_a_postmortem", "lead", late.message("ESCALATION", *targets))
    item = late.notice(K.ACTION_ITEM_OVERDUE, rung="+3", is_escalation=True)
    yield Example("escalation_of_an_item", "lead", late.message("ESCALATION", item))
    yield Example("escalation_of_both", "lead", late.message("ESCALATION", *targets, item))
    admin = Scene(ADA, background=background())
    item = admin.notice(K.ACTION_ITEM_OVERDUE, rung="+5", is_escalation=True)
    yield Example("escalation_to_an_administrator", "administrator", admin.message("ESCALATION", item))
    nothing = Scene(KIM, background=background(led={PM: "Payments"}, reminders={}))
    item = nothing.notice(K.ACTION_ITEM_OVERDUE, rung="+3", is_escalation=True)
    yield Example("escalation_without_earlier_reminders", "lead", nothing.message("ESCALATION", item))
    delegate = Scene(BOB, reviewer=LEE.id, status="IN_REVIEW", background=background())
    asked = delegate.notice(K.REVIEW_REQUESTED, actor_id=JANE.id, on_behalf_of_id=LEE.id)
    yield Example("on_behalf", "delegate", delegate.message("DIGEST", asked))
    outsider = Scene(OLGA, is_visible=False, background=background())
    assigned = outsider.notice(K.ACTION_ITEM_OVERDUE, rung="due")
    yield Example("outsider_of_a_private_one", "owner who may not see it", outsider.message("DIGEST", assigned))
    channel = Scene(None, background=background())
    published = channel.notice(K.PUBLISHED, actor_id=JANE.id)
    yield Example("published_in_a_channel", "channel", channel.message("PUBLISHED", published))
    stale = channel.notice(K.ACTION_ITEM_OVERDUE, rung="+3", is_escalation=True)
    yield Example("escalation_in_a_channel", "channel", channel.message("ESCALATION", stale))
    yield Example("weekly_summary", "channel", channel.message("REPORT", summary=_week()))


def _many() -> Message:
    """Of one postmortem and one item; they are two entries."""
    scene = Scene(JANE, owner=JANE.id, background=background())
    notices = [
        scene.notice(K.ACTION_ITEM_OVERDUE, rung="due"),
        scene.notice(K.TARGET_DUE, id="ntc_a", target="draft_completed", rung="due"),
        scene.notice(K.TARGET_DUE, id="ntc_b", target="published", rung="due"),
        scene.notice(K.MENTIONED, actor_id=BOB.id),
    ]
    return scene.message("DIGEST", *notices, pending=[PendingReview("pm_2", "Search index lag", ("Bob Marsh",))])


def _week() -> WeeklySummary:
    return WeeklySummary(
        [
            StatusChange(PM, TITLE, "postmortem.created", ago(days=3)),
            StatusChange(PM, TITLE, "postmortem.submitted", ago(days=1)),
            StatusChange("pm_2", "Search index lag", "postmortem.published", ago(days=2)),
        ],
        [
            OverdueWork(PM, TITLE, target="draft_completed", due_at=ago(days=18)),
            OverdueWork(PM, TITLE, target="published", due_at=ago(days=4)),
            OverdueWork(PM, ITEM, action_item_id=ITEM_ID, due_on=ago(days=3).date(), owner=OLGA.name),
            OverdueWork(PM, "Write a runbook", action_item_id="ai_2", due_on=ago(days=1).date(), owner=None),
        ],
        [ChangedTarget("pm_2", "Search index lag", "target.waived", "published", "A duplicate.", NOW)],
    )


def all_examples() -> list[Example]:
    return [*(of_kind(kind) for kind in NoticeKind), *of_receivers()]
