"""For each kind of notice about a review meeting, how somebody gets it, what it says, and what settles it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.notifications.notices import NoticeKind
from tests.api.notifications.cast import Cast, Occasion, id_of, name_of
from tests.api.writing import ok
from tests.stack import Person


class Review:
    """A meeting of the author's, to which the other is invited."""

    def __init__(self, cast: Cast, starts_in: timedelta) -> None:
        self.cast, self.path = cast, f"{cast.draft()}/meetings"
        starts_at = (datetime.now(UTC) + starts_in).replace(microsecond=0)
        body = {"startsAt": starts_at.isoformat(), "attendeeIds": [cast.author.id, cast.other.id]}
        self.made = ok(cast.author.post(self.path, json=body), 201)
        self.starts_at = starts_at

    def cancel(self) -> Any:
        return ok(self.cast.author.delete(f"{self.path}/{self.made['id']}"), 204)

    def plant(self, person: Person, kind: NoticeKind, **facts: Any) -> None:
        about = {"postmortem_id": id_of(self.path.removesuffix("/meetings")), "meeting_id": self.made["id"]}
        occasion = f"{self.made['id']}:{kind}:{self.starts_at.isoformat()}"
        self.cast.plant(person, kind, dedupe_key=occasion, **about, **facts)


def meeting_scheduled(c: Cast) -> Occasion:
    review = Review(c, timedelta(days=3))
    says = f"{name_of(c.author)} invited you to the review meeting of “{c.title}”, "
    return Occasion(c.other, says, review.cancel, c.author)


def meeting_tomorrow(c: Cast) -> Occasion:
    review = Review(c, timedelta(hours=20))
    return Occasion(c.other, f"The review meeting of “{c.title}” is ", review.cancel)


def meeting_begins(c: Cast) -> Occasion:
    review = Review(c, timedelta(minutes=8))
    return Occasion(c.other, f"The review meeting of “{c.title}” begins ", review.cancel)


def meeting_ended(c: Cast) -> Occasion:
    review = Review(c, timedelta(days=3))
    over = "update meeting set starts_at = now() - interval '2 hours', workflow_started = false where id = :id"
    c.write(over, id=review.made["id"])
    held = f"{review.path}/{review.made['id']}/held"
    says = f"Was the review meeting of “{c.title}” held?"
    return Occasion(c.author, says, lambda: ok(c.author.post(held, json={"held": True})))


def meeting_declined(c: Cast) -> Occasion:
    review = Review(c, timedelta(days=3))
    review.plant(c.author, NoticeKind.MEETING_DECLINED, actor_id=c.other.id)
    says = f"{name_of(c.other)} can't come to the review meeting of “{c.title}”, "
    return Occasion(c.author, says, review.cancel, c.other)


def meeting_event_deleted(c: Cast) -> Occasion:
    review = Review(c, timedelta(days=3))
    review.plant(c.author, NoticeKind.MEETING_EVENT_DELETED)
    return Occasion(c.author, f"The review meeting of “{c.title}”, ", review.cancel)
