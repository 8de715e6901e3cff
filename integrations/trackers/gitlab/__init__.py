"""GitLab issues: the tracker, its answers and its webhooks."""

from integrations.trackers.gitlab.tracker import GitlabTracker

__all__ = ["GitlabTracker"]
