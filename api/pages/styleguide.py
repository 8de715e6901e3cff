"""Every component in every state, for whoever builds pages. Only where there is demo data: nobody else needs it."""

from collections.abc import Mapping
from types import SimpleNamespace

from fastapi import Response

from api.pages.routing import Visiting, router
from api.pages.showing import show
from domain.action_items.action_item import ActionItemStatus, Priority
from domain.comments.formatting import Passage
from domain.errors import Malformed, RouteNotFound, reason
from domain.postmortems.first_draft import EntryType
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import ReviewerState

routes = router()

PROSE = """A paragraph with **strong** and *emphasized* words, `code`, ~~struck~~ ones, a [link](https://example.com),
and @someone.

# A heading

1. First
2. Second
   - nested

- [x] Done
- [ ] To do

> A quotation

| Step | Action | Result |
| --- | --- | --- |
| 1 | Raised the limit | No more errors |

```
FATAL: remaining connection slots are reserved
```
"""
COLORS = (
    *("page", "card", "raised", "line", "line-strong", "text", "quiet", "accent", "accent-soft", "link"),
    *("red", "red-soft", "amber", "amber-soft", "green", "green-soft", "blue", "blue-soft", "violet", "violet-soft"),
)
PEOPLE: Mapping[str, SimpleNamespace] = {
    "active": SimpleNamespace(name="Jane Doe", handle="jane", is_active=True),
    "inactive": SimpleNamespace(name="Bob Marsh", handle="bob", is_active=False),
}


@routes.get("/styleguide")
async def show_components(visit: Visiting) -> Response:
    if not visit.context.parts.settings.demo:
        raise RouteNotFound(path="/styleguide")
    flawed = Malformed(reasons=[reason("missing", "Choose an owner.", where="body.owner")])
    return await show(
        visit,
        "styleguide/styleguide.html",
        texts_to_format={"prose": {"example": Passage(PROSE)}},
        flawed=flawed,
        colors=COLORS,
        persons=PEOPLE,
        steps=[Status.DRAFT, Status.IN_REVIEW, Status.PUBLISHED, Status.ARCHIVED],
        statuses=[*Status, *ActionItemStatus, "ACKNOWLEDGED", "RESOLVED"],
        priorities=list(Priority),
        reviews=list(ReviewerState),
        events=list(EntryType),
    )
