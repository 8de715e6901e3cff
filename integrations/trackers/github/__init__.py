"""GitHub Issues: the tracker, its issues and its webhooks."""

from integrations.trackers.github.tracker import GithubTracker

__all__ = ["GithubTracker"]
