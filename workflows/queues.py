"""Task queues: one for workflows and the database, one for each tracker, so that one can be slowed or stopped."""

TASK_QUEUE = "afterword"
CHAT_QUEUE = f"{TASK_QUEUE}-chat"
"""Answers to people in chats; stopped by itself, it stops nothing else."""


def tracker_queue(tracker: str) -> str:
    return f"{TASK_QUEUE}-tracker-{tracker}"
