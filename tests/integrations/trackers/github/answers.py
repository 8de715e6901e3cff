"""What GitHub answers: an issue, a pull request, a repository."""

from integrations.ticket import (
    TicketDraft,
    TicketRef,
)

TOKEN = "github_pat_11AAAAAAA0notarealtoken"

REF = TicketRef("4501", "acme/api#12")

ACCOUNT = {"login": "afterword-bot", "id": 1}

REPOSITORY = {
    "id": 1,
    "full_name": "acme/api",
    "url": "https://api.github.com/repos/acme/api",
    "has_issues": True,
    "archived": False,
    "permissions": {"pull": True, "triage": True, "push": True},
}

DRAFT = TicketDraft("ai_1", "Alert on queue depth", "Page before the queue is full.")


def issue(**fields: object) -> dict[str, object]:
    """The parts of GitHub's issue that matter here, in its shape."""
    number = fields.get("number", 12)
    page = f"https://github.com/acme/api/issues/{number}"
    return {
        "id": 4501,
        "number": number,
        "url": f"https://api.github.com/repos/acme/api/issues/{number}",
        "html_url": page,
        "title": "Alert on queue depth",
        "body": "Page before the queue is full.\n\n<!-- afterword:ai_1 -->",
        "state": "open",
        "state_reason": None,
        "user": {"login": "afterword-bot", "id": 1},
        "assignees": [],
        "created_at": "2026-11-23T07:30:00Z",
        "updated_at": "2026-11-23T07:30:00Z",
    } | fields
