"""Asana as the conformance suite needs it: a workspace with two projects on a socket, with faults.

Each behaviour is from Asana's documentation:

- envelopes, ``opt_fields``, pages: https://developers.asana.com/docs/inputoutput-options and
  https://developers.asana.com/docs/pagination (``data`` around everything; lists tell gid, type and name alone unless
  asked for more; ``offset`` is a token)
- errors: https://developers.asana.com/docs/errors (``errors`` with a ``message``, a ``phrase`` for a 500)
- limits: https://developers.asana.com/docs/rate-limits (429 with ``Retry-After``)
- tasks: https://developers.asana.com/reference/tasks (a deleted one is 404, one out of sight 403; ``memberships`` tell
  project and section, a new task is in the first section; ``modified_at`` in milliseconds)
- sections: https://developers.asana.com/reference/addtaskforsection (out of the project's other sections)
- rich text: https://developers.asana.com/docs/rich-text (XML, known tags, no attributes but on links; else 400)
- external data: https://developers.asana.com/docs/custom-external-data (an OAuth app's alone: refused to others)
- webhooks: https://developers.asana.com/docs/webhooks-guide (the handshake comes while the create call is open;
  gids alone, several events to a delivery, a heartbeat without any; the signature is a hexadecimal HMAC-SHA256)
- events: https://developers.asana.com/reference/events (a change tells its field; completing adds a story
  ``marked_complete`` or ``marked_incomplete``; a new task is added to its project and its section)

``tests/integrations/trackers/asana/`` checks what it answers against Asana's OpenAPI document.
"""

from tests.peers.asana.peer import AsanaPeer
from tests.peers.asana.workspace import BASE, BOB, HERE, JANE, OAUTH, PERSONAL, STATUS, THERE, WORKSPACE

__all__ = ["BASE", "BOB", "HERE", "JANE", "OAUTH", "PERSONAL", "STATUS", "THERE", "WORKSPACE", "AsanaPeer"]
