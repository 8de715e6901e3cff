"""Jira Cloud as the conformance suite needs it: two projects of a site on a socket, with a workflow and with faults.

Each behaviour is from Atlassian's documentation:

- issues, create metadata, transitions, bulk fetch:
  https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
  (one that is gone and one that may not be seen are both 404; a moved one keeps its id; transitions are those of the
  status it has now)
- search: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/ and
  https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile (ids only unless ``fields`` are asked for; no
  total; a query must be bounded; the index may lag: ``index_lags``; ``POST /rest/api/3/search`` is 410)
- comments and their properties: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/
- permissions: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/
- workflows: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-workflows/ (administrators only)
- webhooks: https://developer.atlassian.com/cloud/jira/platform/webhooks/ (an issue as in v2, its description no
  document; ``X-Hub-Signature``; ``X-Atlassian-Webhook-Identifier``; registered by administrators only)
- limits: https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
- a wrong token: https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/, and what the peer
  ``backlot`` says to have measured: most reads are answered as to anybody, with ``X-Seraph-LoginReason``

``tests.peers.jira_openapi.JudgedJiraPeer`` checks what it answers against Atlassian's OpenAPI document.
"""

from tests.peers.jira.peer import JiraPeer
from tests.peers.jira.site import FLOW, TOKEN, Flow, Way

__all__ = ["FLOW", "TOKEN", "Flow", "JiraPeer", "Way"]
