"""What is missing before the next step, the targets, and what changed since a review, in pictures."""

from typing import TYPE_CHECKING

from tests.api.writing import ok
from tests.pages.pictures.documents import unfold
from tests.pages.pictures.texts import TEXT

if TYPE_CHECKING:
    from tests.pages.pictures.views import Scene


def add_review(scene: "Scene", status: str, path: str) -> None:
    """Views of the postmortem at that path, which has that status."""
    author = scene.people["author"]
    if status in {"DRAFT", "IN_REVIEW"}:
        name = f"next step {status.lower()}"
        scene.add(name, path, "author", "administrator", prepare=unfold("#next-step details"))
        scene.add(f"targets {status.lower()}", path, "author", prepare=unfold("#targets details"))
    if status == "CHANGES_REQUESTED":
        review = ok(author.get(f"/api{path}/reviews"))["items"][0]["id"]
        ok(author.patch(f"/api{path}", json={"summary": TEXT.replace("40 minutes", "41 minutes")}))
        scene.add("changes since a review", f"{path}/changes?since={review}", "author", "reviewer", "reader")
