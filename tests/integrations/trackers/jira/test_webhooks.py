"""Webhooks are registered, checked and read."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import (
    MalformedWebhook,
    TrackerRefused,
)
from domain.tickets.status import TicketState
from integrations.registry import connect
from integrations.ticket import TicketAction, TicketEvent, TicketRef
from integrations.tracker import Registration, Tracker
from tests.integrations.trackers.jira.talk import DRAFT, URL, Json, told
from tests.peers.jira import JiraPeer


class TestRegistration:
    def test_it_is_signed_for_the_project_and_never_expires(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.register_webhook(URL, "a new secret")
        assert made.expires_at is None
        assert jira_peer.hooks[made.id] == {
            "name": "Afterword",
            "description": "Changes of the tickets of action items",
            "url": URL,
            "events": ["jira:issue_created", "jira:issue_updated", "jira:issue_deleted"],
            "filters": {"issue-related-events-section": 'project = "OPS"'},
            "excludeBody": False,
            "secret": "a new secret",
        }

    def test_one_with_our_address_is_adopted(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        first = tracker.register_webhook(URL, "one")
        assert tracker.register_webhook(URL, "two") == first
        assert jira_peer.hooks[first.id]["secret"] == "two"

    def test_ours_follows_a_new_address(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        first = tracker.register_webhook(URL, "one")
        assert tracker.register_webhook("https://new.example/in_1", "one", first) == first
        assert [hook["url"] for hook in jira_peer.hooks.values()] == ["https://new.example/in_1"]

    def test_one_that_was_taken_away_is_made_again(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.register_webhook(URL, "one", Registration("99999"))
        assert made.id in jira_peer.hooks
        tracker.remove_webhook(made)
        tracker.remove_webhook(made)
        assert jira_peer.hooks == {}

    def test_who_does_not_administer_jira_is_told_what_to_do(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.administers = False
        with pytest.raises(TrackerRefused, match="Create the webhook in Jira yourself"):
            tracker.register_webhook(URL, "one")

    def test_the_filter_may_be_chosen(self, jira_peer: JiraPeer) -> None:
        config = jira_peer.config | {"webhookFilter": "project in (OPS, WEB)"}
        with connect("jira", config, jira_peer.secrets) as tracker:
            made = tracker.register_webhook(URL, "one")
        assert jira_peer.hooks[made.id]["filters"] == {"issue-related-events-section": "project in (OPS, WEB)"}


class TestWebhooks:
    def test_each_change_has_its_name(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        assert told(tracker, jira_peer).action is TicketAction.OPENED
        actions = []
        for change in (
            lambda: jira_peer.edit(made.external_id, title="New"),
            lambda: jira_peer.edit(made.external_id, assignee=JiraPeer.other_account),
            lambda: jira_peer.unassign(made.external_id),
            lambda: jira_peer.edit(made.external_id, state=TicketState.DONE),
            lambda: jira_peer.edit(made.external_id, state=TicketState.OPEN),
            lambda: jira_peer.move(made.external_id),
            lambda: jira_peer.delete(made.external_id),
        ):
            change()
            actions.append(told(tracker, jira_peer).action)
        assert actions == [
            TicketAction.EDITED,
            TicketAction.ASSIGNED,
            TicketAction.UNASSIGNED,
            TicketAction.CLOSED,
            TicketAction.REOPENED,
            TicketAction.TRANSFERRED,
            TicketAction.DELETED,
        ]

    def test_it_tells_the_name_the_actor_and_the_time_and_leaves_the_rest(
        self, tracker: Tracker, jira_peer: JiraPeer
    ) -> None:
        made = tracker.create(DRAFT)
        jira_peer.move(made.external_id)
        event = told(tracker, jira_peer)
        assert event.ref == TicketRef(made.external_id, "WEB-1")
        assert (event.ticket, event.actor, event.moved_to) == (None, JiraPeer.other_account, None)
        assert event.at is not None
        assert abs(event.at - datetime.now(UTC)) < timedelta(minutes=1)

    def test_a_delivery_keeps_its_name_when_it_is_sent_again(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        tracker.create(DRAFT)
        sent = jira_peer.outbox[0]
        again = sent.headers | {"X-Atlassian-Webhook-Retry": "1"}
        assert tracker.delivery_id(again, sent.body) == tracker.delivery_id(sent.headers, sent.body)

    def test_a_field_is_known_by_its_id_not_by_its_name(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        """A custom field may be called Status."""
        tracker.create(DRAFT)
        whole = json.loads(jira_peer.outbox[0].body)
        item = {"field": "status", "fieldtype": "custom", "fieldId": "customfield_1", "from": None, "to": None}
        whole |= {"webhookEvent": "jira:issue_updated", "changelog": {"id": "1", "items": [item]}}
        whole["issue"]["fields"]["status"]["statusCategory"]["key"] = "done"
        sent = jira_peer.signed(json.dumps(whole).encode())
        (event,) = tracker.parse_webhook(sent.headers, sent.body)
        assert isinstance(event, TicketEvent)
        assert event.action is TicketAction.EDITED

    @pytest.mark.parametrize(
        "change",
        [
            {"timestamp": -1},
            {"timestamp": "soon"},
            {"timestamp": 10**15},
            {"issue": {"id": "../x", "key": "OPS-1"}},
            {"issue": {"id": "1", "key": "nothing"}},
            {"issue": None},
            {"user": "jane"},
            {"changelog": {"items": [1]}},
        ],
    )
    def test_what_is_not_jiras_shape_is_malformed(self, tracker: Tracker, jira_peer: JiraPeer, change: Json) -> None:
        tracker.create(DRAFT)
        whole = json.loads(jira_peer.outbox[0].body)
        sent = jira_peer.signed(json.dumps(whole | change).encode())
        with pytest.raises(MalformedWebhook):
            tracker.parse_webhook(sent.headers, sent.body)

    def test_who_did_it_may_be_unknown(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        tracker.create(DRAFT)
        whole = json.loads(jira_peer.outbox[0].body)
        del whole["user"]
        sent = jira_peer.signed(json.dumps(whole).encode())
        (event,) = tracker.parse_webhook(sent.headers, sent.body)
        assert isinstance(event, TicketEvent)
        assert event.actor is None
