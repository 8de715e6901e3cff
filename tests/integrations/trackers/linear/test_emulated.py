"""Against somebody else's Linear."""

import uuid
from datetime import UTC, datetime

import pytest

from domain.errors import (
    BadSignature,
    MalformedWebhook,
)
from domain.tickets.status import TicketState
from integrations.registry import connect
from integrations.ticket import (
    TicketChange,
)
from integrations.trackers.linear.answers import Nodes
from integrations.trackers.linear.queries import STATES_QUERY
from integrations.trackers.linear.status import State, wanted_state
from integrations.trackers.linear.tracker import LinearTracker
from tests.peers.emulate_linear import EmulatedLinear
from tests.peers.linear import TOKEN
from tests.peers.receiver import Receiver


class TestAgainstSomebodyElsesLinear:
    """What ``emulate`` has of Linear; the schema's judge and our own peer have the rest."""

    @pytest.mark.own_clock
    def test_account_team_states_and_webhooks(self, emulate_linear: EmulatedLinear, receiver: Receiver) -> None:
        config = {"team": emulate_linear.team.lower(), "baseUrl": emulate_linear.url}
        with connect("linear", config, {"token": TOKEN, "webhookSecret": "s3cret"}) as tracker:
            assert isinstance(tracker, LinearTracker)
            known = {account.id: account.email for account in tracker.accounts()}
            assert known[emulate_linear.other_account] == "jane@example.com"
            assert tracker.own_account() in known
            team = tracker._team(emulate_linear.team)
            states = tracker._ask(STATES_QUERY, "team.states", Nodes[State], id=team.id).nodes
            found = wanted_state(states, TicketChange(state=TicketState.DONE))
            assert found is not None
            assert found.name == "Done"
            checks = {check.name: check.granted for check in tracker.check_permissions()}
            assert (checks["API key"], checks["Team"], checks["Webhooks"]) == (True, True, True)

            made = tracker.register_webhook(receiver.url, "s3cret")
            emulate_linear.open_issue("Heard")
            sent = receiver.next()
            tracker.verify_webhook(sent.headers, sent.body, datetime.now(UTC))
            assert uuid.UUID(tracker.delivery_id(sent.headers, sent.body))
            with pytest.raises(BadSignature):
                tracker.verify_webhook(sent.headers, sent.body + b" ", datetime.now(UTC))
            with pytest.raises(MalformedWebhook, match=r"data\.state"):  # which Linear's own schema says is there
                tracker.parse_webhook(sent.headers, sent.body)
            tracker.remove_webhook(made)
