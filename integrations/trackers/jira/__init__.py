"""Jira Cloud: the tracker, its rich text (ADF), its create form, its workflows and its webhooks."""

from integrations.trackers.jira.tracker import JiraTracker

__all__ = ["JiraTracker"]
