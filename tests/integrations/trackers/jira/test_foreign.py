"""The happy paths against Jiras that nobody here wrote: see ``tests.peers.jira_foreign`` for what they cannot do."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from domain.errors import CredentialsRejected
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.tracker import Tracker
from integrations.trackers.jira.answers import Issue
from integrations.trackers.jira.settings import NOT_DONE
from integrations.trackers.jira.site import JiraSite
from integrations.trackers.jira.status import StatusMapping
from integrations.trackers.jira.walk import Walk
from integrations.trackers.jira.workflow import Goal
from tests.peers.jira_foreign import ForeignJira, running_backlot, running_jira820

RECORD = {
    "source_type": "jira",
    "doc_id": "one",
    "key": "OPS-1",
    "project": "ops",
    "group": "engineering",
    "title": "Alert on queue depth",
    "content": "Page before the queue is full.\n\nSoon.",
    "issuetype": "Task",
    "status": "In Progress",
    "priority": "High",
    "created": "2026-02-17T02:20:00Z",
    "updated": "2026-02-17T03:40:00Z",
    "assignee": "jane@acme.example",
    "reporter": "bot@acme.example",
    "visibility": "public",
    "author_email": "bot@acme.example",
    "author_name": "Afterword",
    "author_groups": ["engineering"],
    "labels": ["afterword-ai_1", "postmortem"],
}
CLOSED = RECORD | {
    "doc_id": "two",
    "key": "OPS-2",
    "title": "Dropped",
    "status": "Done",
    "resolution": "Won't Do",
    "labels": [],
}


@pytest.fixture(scope="module")
def backlot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignJira]:
    with running_backlot([RECORD, CLOSED], tmp_path_factory.mktemp("backlot")) as jira:
        yield jira


def speaking_to(jira: ForeignJira, token: str) -> Tracker:
    return connect("jira", {"baseUrl": jira.url, "email": "bot@acme.example", "project": "OPS"}, {"apiToken": token})


@pytest.mark.own_clock
class TestBacklot:
    def test_an_issue_is_read_by_key_and_by_id(self, backlot: ForeignJira) -> None:
        with speaking_to(backlot, backlot.token) as tracker:
            ticket = tracker.resolve("OPS-1")
            assert tracker.fetch(ticket.ref) == ticket
        assert (ticket.title, ticket.body) == ("Alert on queue depth", "Page before the queue is full.\n\nSoon.")
        assert (ticket.state, ticket.status, ticket.marker) == (TicketState.STARTED, "In Progress", "ai_1")
        assert ticket.updated_at == datetime(2026, 2, 17, 3, 40, tzinfo=UTC)
        assert ticket.assignee
        assert ticket.author

    def test_a_resolution_tells_that_it_was_cancelled(self, backlot: ForeignJira) -> None:
        with speaking_to(backlot, backlot.token) as tracker:
            ticket = tracker.resolve("OPS-2")
        assert (ticket.state, ticket.reason) == (TicketState.CANCELLED, CloseReason.NOT_PLANNED)

    def test_the_search_is_answered(self, backlot: ForeignJira) -> None:
        with speaking_to(backlot, backlot.token) as tracker:
            assert "OPS-1" in {key for _, key in tracker._labelled("afterword-ai_1")}  # type: ignore[attr-defined]

    def test_a_wrong_token_is_rejected_though_the_search_is_answered_200(self, backlot: ForeignJira) -> None:
        with speaking_to(backlot, "wrong") as tracker:
            with pytest.raises(CredentialsRejected):
                tracker.resolve("OPS-1")
            with pytest.raises(CredentialsRejected):
                list(tracker._labelled("afterword-ai_1"))  # type: ignore[attr-defined]


SCHEME = {"Open": ["In Progress"], "In Progress": ["In Review", "Open"], "In Review": ["Done"], "Done": ["Reopened"]}


@pytest.fixture(scope="module")
def jira820(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignJira]:
    config = {"transition_scheme": SCHEME, "transition_screens": {"Done": ["resolution", "comment?"]}}
    with running_jira820(config, tmp_path_factory.mktemp("jira820")) as jira:
        yield jira


class TestJira820:
    """Its transitions, screens and resolutions; its issues are those of Data Center and known by key only, so only the
    walk is tried."""

    def _issue(self, site: JiraSite, key: str) -> Issue:
        told = site.send("GET", f"/rest/api/3/issue/{key}", {"fields": "status,resolution"})
        assert isinstance(told, dict)
        fields = told["fields"]
        assert isinstance(fields, dict)
        common = {"summary": key, "updated": "2026-11-23T07:30:00.000+0000", "project": {"id": "1", "key": "P"}}
        kept = {"status": fields["status"], "resolution": fields.get("resolution"), "issuetype": {"name": "Task"}}
        return Issue.model_validate({"id": key, "key": key, "fields": common | kept})

    def test_the_walk_reaches_done_and_open_again(self, jira820: ForeignJira) -> None:
        site = JiraSite("Jira", jira820.url, "bot@acme.example", "any")
        fields = {"summary": "Walk", "project": {"key": "JIRA820"}, "issuetype": {"name": "Task"}}
        made = site.send("POST", "/rest/api/3/issue", body={"fields": fields})
        assert isinstance(made, dict)
        key, words = str(made["key"]), StatusMapping(NOT_DONE)
        assert self._issue(site, key).fields.status.name == "Open"
        dropped = Goal(TicketState.CANCELLED, CloseReason.DUPLICATE, None, words)
        assert Walk(site, self._issue(site, key), dropped).go()
        assert self._issue(site, key).fields.status.name == "Done"
        assert Walk(site, self._issue(site, key), Goal(TicketState.OPEN, None, None, words)).go()
        assert self._issue(site, key).fields.status.name == "Reopened"
        assert not Walk(site, self._issue(site, key), Goal(TicketState.DONE, None, None, words)).go()
        site.close()
