"""Asana: the tracker, its rich text (HTML) and its webhooks."""

from integrations.trackers.asana.tracker import AsanaTracker

__all__ = ["AsanaTracker"]
