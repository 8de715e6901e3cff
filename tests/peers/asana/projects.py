"""People, tags, and projects with their sections and fields."""

from tests.peers.asana.tasks import AsanaTasks
from tests.peers.asana.workspace import (
    HERE,
    ME,
    NAMES,
    PEOPLE,
    SECTIONS,
    STATUS,
    WORKSPACE,
    a_field,
    a_person,
    named,
    refusal_of,
)
from tests.peers.tracker_peer import Answer, Request


class AsanaProjects(AsanaTasks):
    def _user(self, request: Request, gid: str) -> Answer:
        return self._one(request, a_person(ME if gid == "me" else gid, email=True))

    def _users(self, request: Request) -> Answer:
        return self._page_of(request, [a_person(gid, email=True) for gid in PEOPLE])

    def _workspace(self, request: Request, gid: str) -> Answer:
        if gid != WORKSPACE:
            raise refusal_of(404, f"workspace: Unknown object: {gid}")
        return self._one(request, named(WORKSPACE, "workspace", name="Acme", is_organization=True))

    def _tags_of(self, request: Request, gid: str) -> Answer:
        self._workspace(request, gid)
        return self._page_of(request, [named(one, "tag", name=name) for one, name in self._tags.items()])

    def _post_tag(self, request: Request) -> Answer:
        data = self._data(request)
        if data.get("workspace") != WORKSPACE:
            raise refusal_of(400, "workspace: Missing input")
        return self._one(request, named(self._tag_named(data["name"]), "tag", name=data["name"]))

    def _get_project(self, request: Request, gid: str) -> Answer:
        workspace = named(WORKSPACE, "workspace", name="Acme")
        whole = named(self._project(gid), "project", name=NAMES[gid], archived=False, workspace=workspace)
        return self._one(request, whole | {"default_access_level": "editor"})

    def _sections(self, request: Request, gid: str) -> Answer:
        found = SECTIONS[self._project(gid)].items()
        return self._page_of(request, [named(one, "section", name=name) for one, name in found])

    def _settings(self, request: Request, gid: str) -> Answer:
        project = self._project(gid)
        found = [{**named("6901", "custom_field_setting"), "custom_field": a_field(STATUS)}] if project == HERE else []
        return self._page_of(request, found, {"custom_field"})

    def _memberships(self, request: Request, gid: str) -> Answer:
        self._project(gid)
        user = ME if request.query.get("user") == "me" else request.query.get("user", ME)
        own = named("3001", "project_membership", member=a_person(user), access_level=self.access)
        return self._page_of(request, [own] if user == ME else [], {"member", "access_level"})
