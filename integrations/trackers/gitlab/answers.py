"""What GitLab answers: https://docs.gitlab.com/api/issues/"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, JsonValue

from integrations.trackers.gitlab.paths import KEY


class User(BaseModel):
    id: int
    username: str = ""
    name: str = ""
    state: str = "active"


class References(BaseModel):
    full: Annotated[str, Field(pattern=f"^{KEY.pattern}$")]


class Issue(BaseModel):
    id: int
    iid: int
    web_url: str
    title: str
    description: str | None = None
    state: Literal["opened", "closed"]
    labels: list[str] = []
    author: User | None = None
    assignees: list[User] = []
    due_date: date | None = None
    updated_at: AwareDatetime
    created_at: AwareDatetime
    moved_to_id: int | None = None

    references: References

    @property
    def key(self) -> str:
        return self.references.full


class Note(BaseModel):
    id: int
    body: str
    author: User


class Access(BaseModel):
    access_level: int = 0


class Permissions(BaseModel):
    project_access: Access | None = None
    group_access: Access | None = None

    @property
    def level(self) -> int:
        return max((one.access_level for one in (self.project_access, self.group_access) if one), default=0)


class Project(BaseModel):
    id: int
    path_with_namespace: str
    archived: bool = False
    issues_enabled: bool = True
    permissions: Permissions = Permissions()


class Hook(BaseModel):
    id: int
    url: str


class Moved(BaseModel):
    reference: str


class MovedIssue(BaseModel):
    issue: Moved | None = None


class MovedAnswer(BaseModel):
    data: MovedIssue


class Problem(BaseModel):
    message: JsonValue = None
    error: str | None = None
    error_description: str | None = None
