"""Task queues: one for workflows and the database, one for each tracker and one for
messages, so that each can be slowed or stopped."""

TASK_QUEUE = "afterword"
NOTIFY_QUEUE = f"{TASK_QUEUE}-notify"


def tracker_queue(tracker: str) -> str:
    return f"{TASK_QUEUE}-tracker-{tracker}"
