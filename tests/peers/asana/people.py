"""What other people do in Asana, as a test orders it."""

import re
from datetime import date

from domain.tickets.status import CloseReason, TicketState
from integrations.trackers.asana.html import to_html, to_markdown
from tests.peers.asana.state import AsanaState
from tests.peers.asana.workspace import (
    BASE,
    HERE,
    JANE,
    PERSONAL,
    SECTIONS,
    TAG_OF,
    THERE,
    WORKSPACE,
    Json,
    Task,
    instant,
    named,
)
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import PeerTicket, Settings

_MARK = re.compile(r"(?:\n\n)?`afterword:[^`]+`$")


class AsanaPeople(AsanaState):
    @property
    def config(self) -> Settings:
        return {"workspace": WORKSPACE, "project": HERE, "baseUrl": f"{self.url}{BASE}"}

    @property
    def secrets(self) -> Settings:
        return {"token": PERSONAL, "webhookSecret": self._secret}

    def tickets(self) -> list[PeerTicket]:
        with self.lock:
            return [self._seen(one) for one in self._tasks if not one.gone]

    def edit(
        self,
        external_id: str,
        *,
        title: str | None = None,
        body: str | None = None,
        state: TicketState | None = None,
        reason: CloseReason | None = None,
        status: str | None = None,
        assignee: str | None = None,
        due_on: date | None = None,
    ) -> None:
        with self.lock:
            task = self._by_id(external_id)
            events: list[Json] = []
            data: Json = {}
            if title is not None:
                data["name"] = title
            if body is not None:
                mark = re.search(r"\s*<code>afterword:[^<]+</code>", task.html_notes)
                data["html_notes"] = to_html(body).replace("</body>", f"{mark[0] if mark else ''}</body>")
            if assignee is not None:
                data["assignee"] = assignee
            if due_on is not None:
                data["due_on"] = due_on.isoformat()
            if status is not None:
                there = next(gid for gid, name in SECTIONS[self._home(task)].items() if name == status)
                events += self._put_into(task, there, JANE)
            if state is not None:
                told = [gid for gid, name in self._tags.items() if name in TAG_OF.values()]
                task.tags = [one for one in task.tags if one not in told]
                if state is TicketState.CANCELLED:
                    task.tags.append(self._tag_named(TAG_OF[reason or CloseReason.NOT_PLANNED]))
                data["completed"] = state.is_closed
                wanted = {
                    TicketState.STARTED: "Doing",
                    TicketState.OPEN: next(iter(SECTIONS[self._home(task)].values())),
                }
                if state in wanted:
                    there = next(gid for gid, name in SECTIONS[self._home(task)].items() if name == wanted[state])
                    events += self._put_into(task, there, JANE)
            events += self._change(task, data, JANE)
            self._tell(events)

    def unassign(self, external_id: str) -> None:
        with self.lock:
            self._tell(self._change(self._by_id(external_id), {"assignee": None}, JANE))

    def open(self, title: str, body: str) -> str:
        with self.lock:
            return self._make({"name": title, "html_notes": to_html(body), "projects": [HERE]}, JANE).gid

    def delete(self, external_id: str) -> None:
        with self.lock:
            task = self._by_id(external_id)
            task.gone = True
            self._tell([self._event(task, "deleted", JANE)])

    def move(self, external_id: str) -> None:
        """Out of the project and into another: the gid stays, and the address changes."""
        with self.lock:
            task = self._by_id(external_id)
            task.sections = {THERE: next(iter(SECTIONS[THERE]))}
            self._touch(task)
            self._tell([self._event(task, "removed", JANE, parent=named(HERE, "project"))])

    def hide(self, external_id: str) -> None:
        with self.lock:
            self._by_id(external_id).hidden = True

    def revoke(self) -> None:
        self._revoked = True

    def restore(self) -> None:
        self._revoked = False

    def fail_webhook(self, gid: str, *, active: bool) -> None:
        """Asana could not deliver."""
        with self.lock:
            now = instant(self._now())
            self._hooks[gid] |= {"active": active, "last_failure_at": now, "last_failure_content": "500 Server Error"}

    def expire_webhooks(self) -> None:
        """Asana deletes a webhook that could not be delivered for 24 hours."""
        with self.lock:
            self._hooks.clear()

    def unused(self) -> Delivery:
        return self.signed(b'{"events":[]}')

    def _seen(self, task: Task) -> PeerTicket:
        tags = {self._tags[one] for one in task.tags}
        reason = next((why for why, name in TAG_OF.items() if name in tags), CloseReason.COMPLETED)
        closed = TicketState.DONE if reason is CloseReason.COMPLETED else TicketState.CANCELLED
        section = self._section(task)
        started = TicketState.STARTED if section == "Doing" else TicketState.OPEN
        return PeerTicket(
            external_id=task.gid,
            key=task.gid,
            url=self._page(task),
            title=task.name,
            body=_MARK.sub("", to_markdown(task.html_notes)),
            state=closed if task.completed else started,
            reason=reason if task.completed else None,
            status="Completed" if task.completed and reason is CloseReason.COMPLETED else section,
            assignee=task.assignee,
            due_on=date.fromisoformat(task.due_on) if task.due_on else None,
            comments=tuple(_MARK.sub("", to_markdown(one.html)) for one in task.stories),
            updated_at=task.modified_at,
        )

    def _section(self, task: Task) -> str:
        project = self._home(task)
        return SECTIONS[project][task.sections[project]] if task.sections else ""
