"""Task queues: one for workflows and the database, one each for messages, chats and meetings, two for documents, and
one for each tracker.

Each can be slowed down or stopped by itself.
"""

TASK_QUEUE = "afterword"
CHAT_QUEUE = f"{TASK_QUEUE}-chat"
"""Answers to people in chats."""
DOCUMENTS_QUEUE = f"{TASK_QUEUE}-documents"
"""Archives and imports, which take long."""
PUBLICATIONS_QUEUE = f"{TASK_QUEUE}-publications"
"""Copies in other systems."""
MEETINGS_QUEUE = f"{TASK_QUEUE}-meetings"
"""Calendars, video services, and invitations."""
NOTIFY_QUEUE = f"{TASK_QUEUE}-notify"


def tracker_queue(tracker: str) -> str:
    return f"{TASK_QUEUE}-tracker-{tracker}"
