"""Task queues: one for workflows and the database, one for each tracker and one for
messages, so that each can be slowed or stopped."""

TASK_QUEUE = "afterword"
CHAT_QUEUE = f"{TASK_QUEUE}-chat"
"""Answers to people in chats; stopped by itself, it stops nothing else."""
NOTIFY_QUEUE = f"{TASK_QUEUE}-notify"


def tracker_queue(tracker: str) -> str:
    return f"{TASK_QUEUE}-tracker-{tracker}"
