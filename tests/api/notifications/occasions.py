"""For each kind of notice, how somebody gets it, what it then says, and what settles it.

What people do is done over HTTP. Reminders, which a clock writes (``tests/workflows``), and what trackers and channels
report are planted as rows. ``settle`` None: nothing but opening it.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from domain.notifications.notices import NoticeKind, date_words
from tests.api import writing
from tests.api.connections.connecting import connected
from tests.api.incidents.feed import Feed, ago
from tests.api.notifications import meeting_occasions
from tests.api.notifications.cast import ALWAYS_SEEN, DUE, Cast, Occasion, id_of, name_of
from tests.api.writing import ok
from tests.stack import Person

K = NoticeKind


# Reviews


def review_requested(c: Cast) -> Occasion:
    path = c.in_review()
    says = f"{name_of(c.author)} asked for your review of “{c.title}”"
    return Occasion(c.other, says, lambda: c.approve(path), c.author)


def review_pending(c: Cast) -> Occasion:
    path = c.in_review()
    c.plant(c.other, K.REVIEW_PENDING, postmortem_id=id_of(path))
    return Occasion(c.other, f"“{c.title}” is still waiting for your review", lambda: c.approve(path))


def review_awaited(c: Cast) -> Occasion:
    path = c.in_review()
    c.plant(c.author, K.REVIEW_AWAITED, postmortem_id=id_of(path))
    return Occasion(c.author, f"“{c.title}” is still waiting for a review", lambda: c.approve(path))


def review_stale(c: Cast) -> Occasion:
    path = c.in_review(c.other, c.stack.person())
    c.approve(path)
    ok(c.author.patch(path, json={"impact": "More orders than we thought."}))
    says = f"{name_of(c.author)} changed “{c.title}” after you approved it: please review it again"
    return Occasion(c.other, says, lambda: c.approve(path), c.author)


def review_completed(c: Cast) -> Occasion:
    path = c.in_review()
    c.approve(path)
    says = f"{name_of(c.other)} gave the last approval for “{c.title}”: you can publish it now"
    return Occasion(c.author, says, lambda: ok(c.author.post(f"{path}/publish")), c.other)


def changes_requested(c: Cast) -> Occasion:
    path = c.in_review()
    ok(c.other.post(f"{path}/reviews", json={"decision": "REQUEST_CHANGES", "comment": "Why so late?"}), 201)
    says = f"{name_of(c.other)} requested changes on “{c.title}”"
    return Occasion(c.author, says, lambda: ok(c.author.post(f"{path}/submit", json={})), c.other)


def published(c: Cast) -> Occasion:
    """Only channels get it; the inbox has what was delegated from an older version, say."""
    path = c.draft()
    c.plant(c.author, K.PUBLISHED, postmortem_id=id_of(path), actor_id=c.other.id)
    return Occasion(c.author, f"{name_of(c.other)} published “{c.title}”", actor=c.other)


# Targets and drafts


def target_due(c: Cast) -> Occasion:
    path = c.draft()
    until = (datetime.now(UTC) + timedelta(days=40)).isoformat()
    ok(c.author.post(f"{path}/targets/published/extend", json={"until": until, "reason": "A holiday"}))
    c.plant(c.author, K.TARGET_DUE, postmortem_id=id_of(path), target="published")
    waive = {"reason": "A duplicate"}
    says = f"The publication of “{c.title}” is due "
    return Occasion(c.author, says, lambda: ok(c.admin.post(f"{path}/targets/published/waive", json=waive)))


def draft_stale(c: Cast) -> Occasion:
    path = c.draft()
    c.plant(c.author, K.DRAFT_STALE, postmortem_id=id_of(path))
    says = f"The draft “{c.title}” hasn't been edited for a while"
    return Occasion(c.author, says, lambda: ok(c.author.patch(path, json={"impact": "Some more."})))


def target_slipped(c: Cast) -> Occasion:
    lead = c.stack.person()
    team = ok(c.admin.post("/api/teams", json={"name": f"T {uuid4().hex}", "leadId": lead.id}), 201)
    path = c.draft(teamIds=[team["id"]])
    for days in (30, 60):
        until = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        ok(c.author.post(f"{path}/targets/published/extend", json={"until": until, "reason": "A holiday"}))
    says = f"{name_of(c.author)} extended the publication of “{c.title}” again"
    return Occasion(lead, says, actor=c.author)


# Action items and tickets


def action_item_due(c: Cast) -> Occasion:
    item = c.item(c.draft(), c.author, dueDate=DUE.date().isoformat())
    c.plant(c.author, K.ACTION_ITEM_DUE, postmortem_id=item["postmortemId"], action_item_id=item["id"])
    return Occasion(c.author, f"“{c.title}” is due {date_words(DUE.date())}", done(c, item))


def action_item_overdue(c: Cast) -> Occasion:
    item = c.item(c.draft(), c.author)
    rested = datetime.now(UTC) + timedelta(days=3)  # its workflow would remind of it, too, in working hours
    ok(c.author.patch("/api/me", json={"workingDays": [f"{rested:%a}".upper()]}))
    late = datetime.now(UTC).date() - timedelta(days=3)
    c.write("update action_item set due_on = :due where id = :id", id=item["id"], due=late)
    c.plant(c.author, K.ACTION_ITEM_OVERDUE, postmortem_id=item["postmortemId"], action_item_id=item["id"])
    return Occasion(c.author, f"“{c.title}” was due {date_words(late)}", done(c, item))


def action_item_assigned(c: Cast) -> Occasion:
    item = c.item(c.draft(), c.other, dueDate=DUE.date().isoformat())
    says = f"{name_of(c.author)} assigned “{c.title}” to you, due {date_words(DUE.date())}"
    return Occasion(c.other, says, done(c, item, c.other), c.author)


def done(c: Cast, item: Any, who: Person | None = None) -> Callable[[], Any]:
    return lambda: ok((who or c.author).patch(f"/api/action-items/{item['id']}", json={"status": "COMPLETED"}))


def action_item_followed_ticket(c: Cast) -> Occasion:
    board = connected(c.stack, c.folder)
    item = board.item(c.author, description=c.title)
    assert board.closed_elsewhere(board.ticket(item)).is_success
    return Occasion(c.author, f"“{c.title}” was updated from its ticket")


def linked(c: Cast, kind: NoticeKind, state: str) -> Any:
    """An item whose ticket is in that state; nothing is sent anymore that could mend it."""
    board = connected(c.stack, c.folder)
    item = board.item(c.author, description=c.title)
    board.pause()
    c.write("update ticket set link_state = :state where action_item_id = :id", id=item["id"], state=state)
    c.plant(c.author, kind, postmortem_id=item["postmortemId"], action_item_id=item["id"])
    return item


def ticket_conflict(c: Cast) -> Occasion:
    linked(c, K.TICKET_CONFLICT, "ok")
    return Occasion(c.author, f"“{c.title}” and its ticket changed at the same time: check that both are right")


def ticket_deleted(c: Cast) -> Occasion:
    item = linked(c, K.TICKET_DELETED, "deleted")
    ticket = f"/api/action-items/{item['id']}/tickets/{item['tickets'][0]['id']}"
    says = (
        f"The ticket of “{c.title}” was deleted in the tracker: create a new one, link another one, or remove the link"
    )
    return Occasion(c.author, says, lambda: ok(c.author.delete(ticket), 204))


def ticket_forbidden(c: Cast) -> Occasion:
    item = linked(c, K.TICKET_FORBIDDEN, "forbidden")
    works = "update ticket set link_state = 'ok' where action_item_id = :id"
    says = f"The connection can no longer access the ticket of “{c.title}”: restore its access, or link another ticket"
    return Occasion(c.author, says, lambda: c.write(works, id=item["id"]))


# Comments and editors


def mentioned(c: Cast) -> Occasion:
    path = c.draft()
    comment = c.comment(path, c.author, f"@{ok(c.other.get('/api/me'))['handle']} why?")
    says = f"{name_of(c.author)} mentioned you in “{c.title}”"
    return Occasion(c.other, says, c.resolve(path, comment), c.author)


def comment_added(c: Cast) -> Occasion:
    path = c.in_review()
    comment = c.comment(path, c.other)
    return Occasion(c.author, f"{name_of(c.other)} commented on “{c.title}”", c.resolve(path, comment), c.other)


def comment_replied(c: Cast) -> Occasion:
    path = c.in_review()
    comment = c.comment(path, c.other)
    c.comment(path, c.author, "Because.", parentId=comment["id"])
    says = f"{name_of(c.author)} replied in a thread on “{c.title}”"
    return Occasion(c.other, says, c.resolve(path, comment), c.author)


def threads_unresolved(c: Cast) -> Occasion:
    path = c.in_review()
    comment = c.comment(path, c.other)
    c.plant(c.author, K.THREADS_UNRESOLVED, postmortem_id=id_of(path), comment_id=comment["id"])
    return Occasion(c.author, f"A comment thread on “{c.title}” is still open", c.resolve(path, comment))


def editor_added(c: Cast) -> Occasion:
    ok(c.author.post(f"{c.draft()}/editors", json={"userId": c.other.id}), 201)
    return Occasion(c.other, f"{name_of(c.author)} made you an editor of “{c.title}”", actor=c.author)


def author_assigned(c: Cast) -> Occasion:
    ok(c.author.patch(c.draft(), json={"authorId": c.other.id}))
    return Occasion(c.other, f"{name_of(c.author)} made you the author of “{c.title}”", actor=c.author)


# People who left or are away


def leave(c: Cast, who: Person) -> None:
    ok(c.admin.patch(f"/api/users/{who.id}", json={"active": False}))


def led(c: Cast) -> tuple[Person, list[str]]:
    """A lead, and their team."""
    lead = c.stack.person()
    team = ok(c.admin.post("/api/teams", json={"name": f"T {uuid4().hex}", "leadId": lead.id}), 201)
    return lead, [team["id"]]


def owner_left(c: Cast) -> Occasion:
    lead, teams = led(c)
    item = c.item(c.draft(teamIds=teams), c.other)
    leave(c, c.other)
    says = f"{name_of(c.admin)} deactivated the owner of “{c.title}”: assign a new owner"
    path = f"/api/action-items/{item['id']}"
    return Occasion(lead, says, lambda: ok(c.author.patch(path, json={"ownerId": c.author.id})), c.admin)


def author_left(c: Cast) -> Occasion:
    lead, teams = led(c)
    path = c.draft(teamIds=teams)
    leave(c, c.author)
    says = f"{name_of(c.admin)} deactivated the author of “{c.title}”: choose a new author"
    return Occasion(lead, says, lambda: ok(c.admin.patch(path, json={"authorId": c.other.id})), c.admin)


def reviewer_left(c: Cast) -> Occasion:
    lead, teams = led(c)
    second = c.stack.person()
    made = writing.in_review(c.author, [c.other, second], title=c.title, teamIds=teams, **ALWAYS_SEEN)
    leave(c, c.other)
    says = f"{name_of(c.admin)} deactivated a reviewer of “{c.title}”: replace them"
    path = f"/api/postmortems/{made['id']}/reviewers/{c.other.id}/replace"
    return Occasion(lead, says, lambda: ok(c.author.post(path, json={"userId": c.stack.person().id})), c.admin)


def team_without_lead(c: Cast) -> Occasion:
    lead, (team,) = led(c)
    title = ok(c.admin.get(f"/api/teams/{team}"))["name"]
    leave(c, lead)
    says = (
        f"{name_of(c.admin)} deactivated the lead of the team “{title}”: its escalations go to administrators until you"
        " choose a new one"
    )
    path = f"/api/teams/{team}"
    return Occasion(c.admin, says, lambda: ok(c.admin.patch(path, json={"leadId": c.other.id})), c.admin)


def away_waits(c: Cast) -> Occasion:
    path = c.draft()
    ok(c.other.patch("/api/me", json={"awayFrom": ago(days=1), "awayUntil": ago(days=-9)}))
    c.plant(c.author, K.AWAY_WAITS, postmortem_id=id_of(path), on_behalf_of_id=c.other.id)
    says = f"“{c.title}” is waiting for {name_of(c.other)}, who is away"
    back = {"awayFrom": None, "awayUntil": None}
    return Occasion(c.author, says, lambda: ok(c.other.patch("/api/me", json=back)))


def away_delegated(c: Cast) -> Occasion:
    path, delegate = c.draft(), c.stack.person()
    ok(c.other.patch("/api/me", json={"awayFrom": ago(days=1), "awayUntil": ago(days=-9), "delegateId": delegate.id}))
    c.plant(c.author, K.AWAY_DELEGATED, postmortem_id=id_of(path), on_behalf_of_id=c.other.id)
    says = f"{name_of(delegate)} is covering “{c.title}” for {name_of(c.other)}, who is away"
    return Occasion(c.author, says)


# Incidents and connections


def incident_changed(c: Cast) -> Occasion:
    feed = Feed(c.stack, c.admin)
    feed.tells(status="OPEN", urgency="HIGH", startedAt=ago(minutes=46))
    feed.tells(status="RESOLVED", resolvedAt=ago(minutes=1))
    incident = feed.incident()
    path = f"/api/postmortems/{incident['postmortemId']}"
    ok(c.admin.patch(path, json={"authorId": c.author.id, "title": c.title, "summary": "It was slow.", **ALWAYS_SEEN}))
    ok(c.admin.patch(f"/api/incidents/{incident['id']}", json={"resolvedAt": ago(minutes=-50)}))
    says = f"{name_of(c.admin)} changed an incident of “{c.title}”, which lasted 1 h 36 min, and the postmortem says 45"
    return Occasion(c.author, says, lambda: ok(c.author.post(f"{path}/duration")), c.admin)


def connection_needs_attention(c: Cast) -> Occasion:
    board = connected(c.stack, c.folder)
    c.write("update integration set needs_attention = 'it refused us' where id = :id", id=board.id)
    c.plant(c.admin, K.CONNECTION_NEEDS_ATTENTION, integration_id=board.id)
    says = f"The connection {board.made['name']} needs attention: it refused us"
    renewed = {"secrets": {"webhookSecret": "new"}}
    return Occasion(c.admin, says, lambda: ok(c.admin.patch(board.path, json=renewed)))


def connection_well_again(c: Cast) -> Occasion:
    board = connected(c.stack, c.folder)
    c.plant(c.admin, K.CONNECTION_WELL_AGAIN, integration_id=board.id)
    return Occasion(c.admin, f"The connection {board.made['name']} has recovered")


OCCASIONS: dict[NoticeKind, Callable[[Cast], Occasion]] = {
    kind: vars(meeting_occasions).get(kind.value) or globals()[kind.value] for kind in NoticeKind
}
