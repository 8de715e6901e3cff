"""GitLab as a test needs it: two projects over REST v4, with signed webhooks.

Where its behaviours come from:

- issues, their labels as a list with commas, ``state_event``, ``moved_to_id``, ``references.full``, that unknown labels
  are made: https://docs.gitlab.com/api/issues/; pages by ``X-Next-Page``: https://docs.gitlab.com/api/rest/
- notes, members, hooks: https://docs.gitlab.com/api/notes/ https://docs.gitlab.com/api/members/
  https://docs.gitlab.com/api/project_webhooks/
- where an issue was moved to: ``Query.issue`` of https://docs.gitlab.com/api/graphql/reference/
- webhooks, their headers, instants without milliseconds: https://docs.gitlab.com/user/project/integrations/webhook_events/
- signatures: https://www.standardwebhooks.com and GitLab's merge request 230944
- lines that are commands: https://docs.gitlab.com/user/project/quick_actions/
- 404 for what one may not see, 429 with ``Retry-After`` and ``RateLimit-Reset``:
  https://docs.gitlab.com/security/rate_limits/

Stricter than GitLab in one thing: a field or a parameter that it does not know is refused, not ignored.
"""

from tests.peers.gitlab.peer import GitlabPeer
from tests.peers.gitlab.project import CANCELLED, DUPLICATE, SECRET, STARTED, TOKEN

__all__ = ["CANCELLED", "DUPLICATE", "SECRET", "STARTED", "TOKEN", "GitlabPeer"]
