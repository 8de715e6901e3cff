"""Issues and their comments are created, read and edited."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from integrations.trackers.jira import adf
from tests.peers.jira.projects import JiraProjects
from tests.peers.jira.site import TYPES, Comment, Json, Refused, object_in
from tests.peers.tracker_peer import Answer, Request


class JiraIssues(JiraProjects):
    def _create(self, request: Request) -> Answer:
        fields = object_in(request, "fields")
        wanted = fields.get("project", {})
        project = self._visible_project(str(wanted.get("key") or wanted.get("id")))
        self._allowed("CREATE_ISSUES", project)
        kind = self._named(TYPES, fields.get("issuetype", {}), "issuetype")
        if not fields.get("summary"):
            raise Refused(400, summary="You must specify a summary of the issue.")
        for name, meta in self.required.items():
            if meta.get("required") and not meta.get("hasDefaultValue") and fields.get(name) is None:
                raise Refused(400, **{name: f"{meta['name']} is required."})
        values = self._checked({name: one for name, one in fields.items() if name not in {"project", "issuetype"}})
        issue = self._made(project, kind, values.pop("summary"), values.pop("description", None))
        for name, value in values.items():
            if name in {"labels", "assignee"}:
                setattr(issue, name, value)
            elif name == "duedate":
                issue.due = value
            else:
                issue.other[name] = value
        self._tell("jira:issue_created", issue)
        return Answer(201, {"id": issue.id, "key": issue.key, "self": f"{self.url}/rest/api/3/issue/{issue.id}"})

    def _checked(self, fields: Json) -> Json:
        """Values as the issue holds them; raises in Jira's words."""
        values: Json = {}
        for name, value in fields.items():
            check = _CHECKS.get(name)
            if check is None and name not in self.required:
                words = f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
                raise Refused(400, **{name: words})
            values[name] = check(self, value) if check else self._checked_custom(name, value)
        return values

    def _checked_custom(self, name: str, value: Any) -> Any:
        kind = self.required[name].get("schema", {}).get("type")
        if kind == "option":
            allowed = [one["id"] for one in self.required[name]["allowedValues"]]
            if not isinstance(value, dict) or value.get("id") not in allowed:
                raise Refused(400, **{name: "Specify a valid value"})
        elif kind == "number" and not isinstance(value, int | float):
            raise Refused(400, **{name: "Specify a number"})
        elif kind == "array" and not isinstance(value, list):
            raise Refused(400, **{name: "data was not an array"})
        return value

    def _check_summary(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise Refused(400, summary="You must specify a summary of the issue.")
        if "\n" in value:
            raise Refused(400, summary="The summary is invalid because it contains newline characters.")
        if len(value) > 255:
            raise Refused(400, summary="Summary can't exceed 255 characters.")
        return value

    def _check_document(self, value: Any) -> Json | None:
        if value is not None and (
            not isinstance(value, dict) or value.get("type") != "doc" or value.get("version") != 1
        ):
            raise Refused(
                400, description="Operation value must be an Atlassian Document (see the Atlassian Document Format)"
            )
        if value is not None and len(adf.to_markdown(value)) > 32_767:
            raise Refused(400, description="CONTENT_LIMIT_EXCEEDED")
        return value if value is None or value["content"] else None

    def _check_labels(self, value: Any) -> list[str]:
        for label in value:
            if re.search(r"\s", label):
                raise Refused(400, labels=f"The label '{label}' contains spaces which is invalid.")
            if len(label) > 255:
                raise Refused(400, labels="The label is too long.")
        return sorted(value)

    def _check_assignee(self, value: Any) -> str | None:
        account = None if value is None else value.get("accountId") or value.get("id")
        if account is not None and account not in self._people:
            raise Refused(400, assignee=f"User '{account}' cannot be assigned issues.")
        return account

    def _check_due(self, value: Any) -> str | None:
        try:
            return None if value is None else date.fromisoformat(value).isoformat()
        except (ValueError, TypeError):
            raise Refused(400, duedate="Error parsing date string") from None

    def _read(self, request: Request, named: str) -> Answer:
        names = request.query["fields"].split(",") if "fields" in request.query else None
        return Answer(200, self._shown(self._seen(named), names))

    def _edit(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        self._allowed("EDIT_ISSUES", issue.project)
        self._change(issue, self._checked(object_in(request, "fields")))
        return Answer(204)

    def _assign(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        self._allowed("ASSIGN_ISSUES", issue.project)
        body = request.json()
        assert isinstance(body, dict)
        self._change(issue, {"assignee": self._check_assignee(body)})
        return Answer(204)

    def _comments(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        at, size = int(request.query.get("startAt", 0)), min(int(request.query.get("maxResults", 100)), self.page)
        shown = [self._comment(one) for one in issue.comments[at : at + size]]
        return Answer(200, {"comments": shown, "startAt": at, "maxResults": size, "total": len(issue.comments)})

    def _add_comment(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        self._allowed("ADD_COMMENTS", issue.project)
        body = request.json()
        assert isinstance(body, dict)
        now = self._now()
        made = Comment(str(next(self._ids)), self._actor, body["body"], body.get("properties", []), now, now)
        issue.comments.append(made)
        issue.updated = now
        return Answer(201, self._comment(made))

    def _edit_comment(self, request: Request, named: str, number: str) -> Answer:
        issue = self._seen(named)
        found = next((one for one in issue.comments if one.id == number), None)
        if found is None:
            raise Refused(404, "Can not find a comment for the id.")
        self._allowed("EDIT_OWN_COMMENTS", issue.project)
        body = request.json()
        assert isinstance(body, dict)
        found.body = body["body"]
        new = {one["key"]: one for one in body.get("properties", [])}
        found.properties = [one for one in found.properties if one["key"] not in new] + list(new.values())
        found.updated = issue.updated = self._now()
        return Answer(200, self._comment(found))


_CHECKS: dict[str, Callable[[JiraIssues, Any], Any]] = {
    "summary": JiraIssues._check_summary,
    "description": JiraIssues._check_document,
    "labels": JiraIssues._check_labels,
    "assignee": JiraIssues._check_assignee,
    "duedate": JiraIssues._check_due,
}
