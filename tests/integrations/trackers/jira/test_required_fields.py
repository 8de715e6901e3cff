"""Fields that a project's create form requires, and the permissions that are asked for."""

import pytest

from domain.errors import (
    InvalidIntegrationConfig,
    TrackerRefused,
)
from integrations.registry import connect
from integrations.ticket import TicketDraft
from integrations.tracker import RequiredField, Tracker
from integrations.trackers.jira.connection import PERMISSIONS
from tests.integrations.trackers.jira.talk import DRAFT, ISSUE, REF, Json, body, sent
from tests.peers.jira import TOKEN, JiraPeer

TEAM = {
    "name": "Team",
    "required": True,
    "hasDefaultValue": False,
    "schema": {"type": "option", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:select", "customId": 1},
    "allowedValues": [{"id": "501", "value": "Payments"}, {"id": "502", "value": "Search"}],
}

POINTS = {"name": "Story Points", "required": True, "hasDefaultValue": False, "schema": {"type": "number"}}

LEADS = {"name": "Leads", "required": True, "hasDefaultValue": False, "schema": {"type": "array", "items": "user"}}

WHY = {
    "name": "Why",
    "required": True,
    "hasDefaultValue": False,
    "schema": {"type": "string", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:textarea"},
}

EASY = {"name": "Easy", "required": True, "hasDefaultValue": True, "schema": {"type": "string"}}

SINCE = {"name": "Since", "required": True, "hasDefaultValue": False, "schema": {"type": "date"}}


class TestRequiredFields:
    def test_they_are_told_by_id_with_their_choices(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.page = 3
        fields = {"cf_1": TEAM, "cf_2": POINTS, "cf_3": LEADS, "cf_4": WHY, "cf_5": EASY, "cf_6": SINCE}
        jira_peer.required = fields
        assert tracker.required_fields() == [
            RequiredField("cf_1", "Team", "option", {"501": "Payments", "502": "Search"}),
            RequiredField("cf_2", "Story Points", "number"),
            RequiredField("cf_3", "Leads", "account"),
            RequiredField("cf_4", "Why", "text"),
            RequiredField("cf_6", "Since", "date"),
        ]
        assert tracker.required_fields("WEB", "bug")

    def test_values_get_the_shape_that_the_form_says(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        """By the field, not by the value: 501 is an option in one field and a number in another."""
        jira_peer.required = {"cf_1": TEAM, "cf_2": POINTS, "cf_3": LEADS, "cf_4": WHY, "cf_6": SINCE}
        values = {"cf_1": "501", "cf_2": "501", "cf_3": JiraPeer.account, "cf_4": "Because.", "cf_6": "2026-11-23"}
        tracker.create(TicketDraft("ai_1", "T", "B", fields=values))
        fields = body(sent(jira_peer, "POST", f"{ISSUE}$")[0])["fields"]
        assert fields["cf_1"] == {"id": "501"}
        assert fields["cf_2"] == 501
        assert fields["cf_3"] == [{"id": JiraPeer.account}]
        assert fields["cf_4"]["type"] == "doc"
        assert fields["cf_6"] == "2026-11-23"

    def test_without_them_jira_says_what_is_missing(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.required = {"cf_1": TEAM}
        with pytest.raises(TrackerRefused, match="cf_1: Team is required"):
            tracker.create(DRAFT)
        assert jira_peer.tickets() == []

    def test_an_issue_type_that_is_not_there_is_named(self, tracker: Tracker) -> None:
        with pytest.raises(TrackerRefused, match=r"no issue type Story.*Task, Bug"):
            tracker.required_fields(issue_type="Story")

    def test_another_project_and_type_may_be_asked_for(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", "B", project="WEB", issue_type="10002"))
        assert made.key == "WEB-1"
        assert jira_peer._issues[made.external_id].type == "10002"


class TestPermissions:
    @pytest.mark.parametrize("permission", PERMISSIONS)
    def test_a_missing_one_is_named(self, tracker: Tracker, jira_peer: JiraPeer, permission: str) -> None:
        jira_peer.refused.add(permission)
        missing = [check.name for check in tracker.check_permissions() if not check.granted]
        assert missing == [permission.replace("_", " ").title()]

    def test_a_project_out_of_sight_is_named(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.hide(jira_peer.open("x", ""))
        (check,) = [check for check in tracker.check_permissions() if not check.granted]
        assert check.name == "Project"
        assert "OPS doesn't exist, or the account can't see it" in check.detail

    def test_an_issue_type_out_of_sight_is_named(self, jira_peer: JiraPeer) -> None:
        with connect("jira", jira_peer.config | {"issueType": "Story"}, jira_peer.secrets) as tracker:
            assert [check.name for check in tracker.check_permissions() if not check.granted] == ["Issue type"]

    def test_a_revoked_token_is_one_check(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.revoke()
        assert [check.name for check in tracker.check_permissions() if not check.granted] == ["API token"]
        jira_peer.restore()
        assert all(check.granted for check in tracker.check_permissions())

    def test_without_a_token_nothing_is_asked(self, jira_peer: JiraPeer) -> None:
        with connect("jira", jira_peer.config, {"webhookSecret": "s"}) as tracker:
            assert [check.name for check in tracker.check_permissions() if not check.granted] == ["API token"]
            with pytest.raises(TrackerRefused, match="no API token"):
                tracker.fetch(REF)
        assert jira_peer.requests == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"baseUrl": "acme.atlassian.net"},
            {"baseUrl": "https://user:pass@acme.atlassian.net"},
            {"baseUrl": "ftp://acme.atlassian.net"},
            {"email": "nobody"},
            {"email": "a:b@acme.example"},
            {"project": "OPS/../x"},
            {"issueType": ""},
        ],
    )
    def test_settings_are_checked(self, wrong: Json) -> None:
        right: Json = {"baseUrl": "https://acme.atlassian.net", "email": "bot@acme.example", "project": "OPS"}
        connect("jira", right, {"apiToken": TOKEN}).close()
        with pytest.raises(InvalidIntegrationConfig):
            connect("jira", right | wrong, {"apiToken": TOKEN})

    @pytest.mark.parametrize("missing", ["baseUrl", "email", "project"])
    def test_a_connection_that_only_receives_opens_no_tickets(self, missing: str) -> None:
        config = {"baseUrl": "https://acme.atlassian.net", "email": "bot@acme.example", "project": "OPS"}
        del config[missing]
        with (
            connect("jira", config, {"apiToken": TOKEN}) as tracker,
            pytest.raises(TrackerRefused, match="has no site, e-mail, or project"),
        ):
            tracker.find("ai_1")

    def test_a_token_with_a_line_break_is_refused(self) -> None:
        config = {"baseUrl": "https://acme.atlassian.net", "email": "bot@acme.example", "project": "OPS"}
        with pytest.raises(InvalidIntegrationConfig):
            connect("jira", config, {"apiToken": "to\nken"})
