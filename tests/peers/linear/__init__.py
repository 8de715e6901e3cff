"""Linear as a test needs it: two teams, stateful, answering any document of Linear's own schema, with signed webhooks.

Documents are run against the schema that ``linear_schema`` rebuilds, so that nothing can be asked for, or answered,
that Linear does not have. Where its behaviours come from:

- the endpoint, authentication and errors in a 200: https://linear.app/developers/graphql; the types and codes of
  errors: ``@linear/sdk``; their words as people report them ("Entity not found: Issue", "conflict on insert of Issue")
- a limit is 400 with ``RATELIMITED`` and ``X-RateLimit-*-Reset`` in milliseconds:
  https://linear.app/developers/rate-limiting
- at most 250 to a page: https://linear.app/developers/pagination
- webhooks, their headers, ``webhookTimestamp``, ``updatedFrom``, and that only administrators register them:
  https://linear.app/developers/webhooks; the shape of ``data``: ``IssueWebhookPayload`` in the schema
- a pull request is an attachment with ``metadata.status``: https://linear.app/developers/attachments
- deleted issues lie in the bin (``trashed``), a team's key stands in front of a number, an issue that moves keeps its
  id and its ``previousIdentifiers``: the schema's descriptions
- lists are written with ``*``: as ProseMirror's Markdown serializer does, which its editor is made of

What a team that we do not see holds is "not found", like what does not exist.
"""

from tests.peers.linear.peer import LinearPeer
from tests.peers.linear.texts import serialized
from tests.peers.linear.workspace import TOKEN, User

__all__ = ["TOKEN", "LinearPeer", "User", "serialized"]
