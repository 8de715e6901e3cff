"""What is sent to Linear, against its schema."""

from datetime import date

import pytest

from domain.tickets.status import CloseReason, TicketState
from integrations.ticket import (
    TicketChange,
    TicketDraft,
    TicketRef,
)
from integrations.tracker import Tracker
from integrations.trackers.linear import queries
from integrations.trackers.linear.queries import ISSUE_QUERY, ISSUES_QUERY
from integrations.trackers.linear.tracker import LinearTracker
from tests.integrations.trackers.linear.talk import DRAFT, REF
from tests.peers.linear import LinearPeer
from tests.peers.linear_schema import check, linear_schema, weight
from tests.peers.tracker_peer import Fault, Kind, Request


class TestRequests:
    def test_every_operation_sends_what_linear_knows(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(
            TicketDraft(
                "ai_1", "T", "B", ("one", "two"), LinearPeer.other_account, date(2026, 12, 1), fields={"priority": 2}
            )
        )
        tracker.find("ai_1")
        tracker.update(
            made.ref,
            TicketChange(
                "T2", "B2", TicketState.DONE, CloseReason.COMPLETED, "Done", LinearPeer.account, date(2027, 1, 1)
            ),
        )
        tracker.update(made.ref, TicketChange(no_due_date=True))
        tracker.fetch(made.ref)
        list(tracker.read_many([made.ref]))
        tracker.comment(made.ref, "c", "One")
        tracker.comment(made.ref, "c", "Two")
        tracker.resolve(made.key)
        list(tracker.accounts())
        tracker.check_permissions()
        hook = tracker.register_webhook("https://afterword.example.com/hooks/1", "s3cret")
        tracker.register_webhook("https://afterword.example.com/hooks/1", "s3cret", hook)
        tracker.remove_webhook(hook)
        assert not peer.verdicts
        constants = [value for name, value in vars(queries).items() if name.isupper() and isinstance(value, str)]
        documents = {value for value in constants if value.startswith(("query ", "mutation "))}
        sent = {str(one["query"]) for request in peer.requests if isinstance(one := request.json(), dict)}
        assert sent == documents, "every document of the tracker was sent and judged"
        assert tracker.calls == len(peer.requests)
        assert tracker.request_id == f"request-{len(peer.requests)}"

    @pytest.mark.parametrize(
        ("query", "variables"),
        [
            ("query A { issue(id: 1) { id } }", {}),
            ("query A { issue { id } }", {}),
            ("query A($id: String!) { issue(id: $id) { id key } }", {"id": "x"}),
            ("query A($id: String!) { issue(id: $id) { id } }", {}),
            ("query A($id: String!) { issue(id: $id) { id } }", {"id": "x", "other": "y"}),
            ("query A($id: String!) { issue(id: $id) { state } }", {"id": "x"}),
            (
                "mutation A($input: IssueCreateInput!) { issueCreate(input: $input) { success } }",
                {"input": {"title": "T"}},
            ),
            (
                "mutation A($input: IssueCreateInput!) { issueCreate(input: $input) { success } }",
                {"input": {"teamId": "x", "titel": "T"}},
            ),
            (
                "mutation A($input: IssueCreateInput!) { issueCreate(input: $input) { success } }",
                {"input": {"teamId": "x", "labelIds": [1]}},
            ),
            ("query A { issues(first: 250) { nodes { comments { nodes { id } } } } }", {}),
        ],
    )
    def test_a_wrong_document_is_caught(self, query: str, variables: dict[str, object]) -> None:
        with pytest.raises(AssertionError):
            check(query, variables)

    def test_a_right_one_is_not(self) -> None:
        query = "mutation A($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id } } }"
        check(query, {"input": {"teamId": "x", "title": "T", "labelIds": ["y"], "dueDate": "2026-12-01"}})

    def test_a_wrong_request_ends_in_the_verdicts(self, peer: LinearPeer) -> None:
        peer.handle(Request("POST", "/graphql", {}, {}, b'{"query": "query A { viewer { id } }"}'))
        assert len(peer.verdicts) == 1
        peer.verdicts.clear()

    def test_the_schema_is_linears(self) -> None:
        assert len(linear_schema().type_map) > 1_100

    def test_a_page_weighs_less_than_linear_allows(self) -> None:
        assert weight(ISSUES_QUERY, {"first": LinearTracker.page_size}) == 4_321
        assert weight(ISSUE_QUERY, {}) < 30


class TestMany:
    def test_a_few_calls_show_them_all(self, tracker: Tracker, peer: LinearPeer) -> None:
        for number in range(450):
            peer.open(f"Ticket {number}", "")
        refs = [TicketRef(one.external_id, one.key) for one in peer.tickets()]
        before = tracker.calls
        found = list(tracker.read_many([*refs, REF]))
        assert tracker.calls - before == 3
        assert {ticket.external_id for ticket in found} == {ref.external_id for ref in refs}
        assert found[0] == tracker.fetch(found[0].ref)

    def test_an_empty_list_is_no_news(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.order(Fault.EMPTY_LIST, Kind.LIST)
        assert not list(tracker.read_many([made.ref]))
        assert tracker.fetch(made.ref) == made
