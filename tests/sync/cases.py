"""The twenty cases, each for every tracker that has a peer. Their numbers are those of the specification.

If a part of a case has no meaning for a tracker, ``HAS_NO_MEANING`` says so, and so does the table.
"""

from typing import Any

from tests.sync.scene import Scene

HAS_NO_MEANING: dict[tuple[int, str], str] = {
    (5, "github"): "GitHub's issues are open or closed: there is no in progress, and every state can be reached.",
    (5, "linear"): "Linear allows an issue to go from any state to any other: every state can be reached.",
    (5, "asana"): "Asana allows a task to go from any section and state to any other: every state can be reached.",
    (5, "gitlab"): "GitLab's issues are open or closed, and labels say the rest: every state can be reached.",
    (7, "github"): "GitHub's issues have no due date: it is written into the text.",
    (10, "asana"): "Asana's API creates a task whatever fields are empty: only its forms require them.",
    (10, "github"): "GitHub's form requires only a title: there is no field to map.",
    (10, "gitlab"): "GitLab's form requires only a title: there is no field to map.",
    (10, "linear"): "Linear requires only a title and a team: there is no field to map.",
    (19, "asana"): "Asana's API doesn't show pull requests: what other apps attach has no state in it.",
    (19, "gitlab"): "GitLab's merge requests aren't read: its webhooks don't name the issue that one closes.",
    (19, "jira"): "Jira's public API doesn't show pull requests: its development panel isn't part of it.",
}


def is_partial(scene: Scene, number: int) -> bool:
    return (number, scene.peer.kind) in HAS_NO_MEANING


def external_id(scene: Scene, item: Any) -> str:
    return scene.ticket(item).external_id
