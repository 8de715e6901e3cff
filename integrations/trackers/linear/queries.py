"""What we ask Linear, in GraphQL."""

_TICKET = """
fragment Ticket on Issue {
  id identifier url title description dueDate updatedAt archivedAt trashed
  state { id name type }
  assignee { id }
  creator { id }
  team { id key }
  attachments(first: 10) { nodes { url title sourceType metadata } }
}
"""
ISSUE_QUERY = "query Issue($id: String!) { issue(id: $id) { ...Ticket } }" + _TICKET
ISSUES_QUERY = (
    """query Issues($ids: [ID!]!, $first: Int!) {
  issues(filter: {id: {in: $ids}}, first: $first, includeArchived: true) { nodes { ...Ticket } }
}"""
    + _TICKET
)
CREATE_MUTATION = (
    "mutation Create($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { ...Ticket } } }"
    + _TICKET
)
UPDATE_MUTATION = (
    """mutation Update($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success issue { ...Ticket } }
}"""
    + _TICKET
)
STATES_QUERY = "query States($id: String!) { team(id: $id) { states(first: 100) { nodes { id name type position } } } }"
TEAMS_QUERY = "query Teams($filter: TeamFilter!) { teams(filter: $filter, first: 10) { nodes { id key name } } }"
LABELS_QUERY = """query Labels($filter: IssueLabelFilter!) {
  issueLabels(filter: $filter, first: 250) { nodes { id name } }
}"""
LABEL_CREATE_MUTATION = """mutation Label($input: IssueLabelCreateInput!) {
  issueLabelCreate(input: $input) { success issueLabel { id name } }
}"""
COMMENT_QUERY = "query Comment($id: String!) { comment(id: $id) { id body } }"
COMMENT_CREATE_MUTATION = "mutation Say($input: CommentCreateInput!) { commentCreate(input: $input) { success } }"
COMMENT_UPDATE_MUTATION = """mutation SayElse($id: String!, $input: CommentUpdateInput!) {
  commentUpdate(id: $id, input: $input) { success }
}"""
VIEWER_QUERY = "query Viewer { viewer { id name } }"
USERS_QUERY = """query Users($after: String) {
  users(first: 100, after: $after) {
    nodes { id name email active isAssignable }
    pageInfo { hasNextPage endCursor }
  }
}"""
WEBHOOKS_QUERY = """query Webhooks($after: String) {
  webhooks(first: 100, after: $after) {
    nodes { id url allPublicTeams team { id } }
    pageInfo { hasNextPage endCursor }
  }
}"""
WEBHOOK_CREATE_MUTATION = """mutation Hear($input: WebhookCreateInput!) {
  webhookCreate(input: $input) { success webhook { id } }
}"""
WEBHOOK_UPDATE_MUTATION = """mutation HearOn($id: String!, $input: WebhookUpdateInput!) {
  webhookUpdate(id: $id, input: $input) { success webhook { id } }
}"""
WEBHOOK_DELETE_MUTATION = "mutation HearNoMore($id: String!) { webhookDelete(id: $id) { success } }"
