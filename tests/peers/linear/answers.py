"""Issues, comments, teams and people, as the schema asks for them."""

import uuid
from collections.abc import Mapping

from tests.peers.linear.people import LinearPeople
from tests.peers.linear.texts import serialized
from tests.peers.linear.workspace import (
    PAGE_LIMIT,
    STATES,
    Issue,
    Json,
    Team,
    conflict,
    forbidden,
    instant,
    not_found,
    problem,
)


class LinearAnswers(LinearPeople):
    def _page(self, nodes: list[Json], asked: Mapping[str, object]) -> Json:
        first = int(str(asked.get("first") or 50))
        if first > PAGE_LIMIT:
            raise problem("Argument Validation Error", f"first must not be greater than {PAGE_LIMIT}.")
        start = int(str(asked.get("after") or 0))
        page = nodes[start : start + first]
        more = start + first < len(nodes)
        return {"nodes": page, "pageInfo": {"hasNextPage": more, "endCursor": str(start + len(page)) if page else None}}

    def _issue(self, issue: Issue) -> Json:
        return {
            "id": issue.id,
            "identifier": issue.identifier,
            "number": issue.number,
            "url": self._address(issue),
            "title": issue.title,
            "description": issue.description or None,
            "dueDate": issue.due_date,
            "createdAt": instant(issue.created_at),
            "updatedAt": instant(issue.updated_at),
            "archivedAt": instant(issue.archived_at),
            "trashed": issue.trashed or None,
            "state": self._state(issue.team, issue.state),
            "assignee": issue.assignee and self._user(issue.assignee),
            "creator": self._user(issue.creator),
            "team": self._team(issue.team),
            "attachments": lambda _info, **asked: self._page(issue.attachments, asked),
        }

    def _state(self, team: Team, name: str) -> Json:
        return {"id": team.states[name], "name": name, "type": STATES[name], "position": float([*STATES].index(name))}

    def _team(self, team: Team) -> Json:
        states = [self._state(team, name) for name in reversed(team.states)]
        return {
            "id": team.id,
            "key": team.key,
            "name": team.name,
            "states": lambda _info, **asked: self._page(states, asked),
        }

    def _user(self, user_id: str) -> Json:
        (user,) = [one for one in self.users if one.id == user_id]
        words: Json = {"id": user.id, "name": user.name, "displayName": user.name.lower(), "email": user.email}
        return {**words, "active": user.active, "app": user.app, "isAssignable": user.active and not user.app}

    def _filtered(self, asked: Mapping[str, object]) -> list[Json]:
        wanted = asked["filter"]
        assert isinstance(wanted, dict)
        assert wanted.keys() == {"id"}
        named = [self.issues[one] for one in wanted["id"]["in"] if one in self.issues]
        seen = [issue for issue in named if issue.team.visible]
        return [self._issue(issue) for issue in seen if asked.get("includeArchived") or issue.archived_at is None]

    def _teams_like(self, wanted: object) -> list[Json]:
        return [self._team(team) for team in self.teams if team.visible and matches(team, wanted)]

    def _labels_like(self, wanted: Mapping[str, object]) -> list[Json]:
        names = wanted["name"]
        assert isinstance(names, dict)
        return [{"id": one, "name": name} for one, (name, _) in self.labels.items() if name in names["in"]]

    def _create(self, words: Mapping[str, object]) -> Json:
        if not self.may_create:
            raise forbidden("You do not have the scope issues:create.")
        return {"success": True, "lastSyncId": 1.0, "issue": self._issue(self._make(words, self.account))}

    def _update(self, issue_id: str, words: Mapping[str, object]) -> Json:
        issue = self._visible_issue(issue_id)
        self._change(issue, words, self.account)
        return {"success": True, "lastSyncId": 1.0, "issue": self._issue(issue)}

    def _create_label(self, words: Mapping[str, object]) -> Json:
        made = str(uuid.uuid4())
        self.labels[made] = (str(words["name"]), str(words["teamId"]))
        return {"success": True, "lastSyncId": 1.0, "issueLabel": {"id": made, "name": words["name"]}}

    def _comment(self, comment_id: object) -> Json:
        for issue in self.issues.values():
            if comment_id in issue.comments:
                return {"id": comment_id, "body": issue.comments[str(comment_id)]}
        raise not_found("Comment")

    def _create_comment(self, words: Mapping[str, object]) -> Json:
        issue = self._visible_issue(str(words["issueId"]))
        comment = self._free_id(words.get("id"))
        if any(comment in one.comments for one in self.issues.values()):
            raise conflict("Comment", comment)
        issue.comments[comment] = serialized(str(words["body"]))
        return {"success": True, "lastSyncId": 1.0, "comment": self._comment(comment)}

    def _update_comment(self, comment_id: str, words: Mapping[str, object]) -> Json:
        self._comment(comment_id)
        for issue in self.issues.values():
            if comment_id in issue.comments:
                issue.comments[comment_id] = serialized(str(words["body"]))
        return {"success": True, "lastSyncId": 1.0, "comment": self._comment(comment_id)}


def matches(team: Team, wanted: object) -> bool:
    """The little of ``TeamFilter`` that is used: ``or``, ``id.eq``, ``key`` and ``name`` with ``eqIgnoreCase``."""
    assert isinstance(wanted, dict)
    if "or" in wanted:
        return any(matches(team, one) for one in wanted["or"])
    ((name, comparator),) = wanted.items()
    ((how, value),) = comparator.items()
    told = {"id": team.id, "key": team.key, "name": team.name}[name]
    return told == value if how == "eq" else told.lower() == value.lower()
