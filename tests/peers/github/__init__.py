"""GitHub as the conformance suite needs it: two repositories on a socket, with faults.

Each behaviour is from GitHub's documentation:

- issues: https://docs.github.com/en/rest/issues/issues (a transferred one redirects with 301; one that is deleted is
  410 where the repository is visible; one that was transferred out of sight is 404; times are in whole seconds)
- comments: https://docs.github.com/en/rest/issues/comments
- webhooks: https://docs.github.com/en/rest/repos/webhooks and
  https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues (``transferred`` comes with
  ``changes.new_issue``)
- limits: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api (403 or 429)
- a missing object in GraphQL is null in its place, with an error of type NOT_FOUND beside it:
  https://docs.github.com/en/graphql/guides/using-pagination-in-the-graphql-api

``tests/integrations/trackers/github/test_sync.py`` checks what it answers against GitHub's OpenAPI document.
"""

from tests.peers.github.peer import GithubPeer

__all__ = ["GithubPeer"]
