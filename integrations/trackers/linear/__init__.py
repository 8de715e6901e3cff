"""Linear: the tracker, its GraphQL queries and its webhooks."""

from integrations.trackers.linear.tracker import LinearTracker

__all__ = ["LinearTracker"]
