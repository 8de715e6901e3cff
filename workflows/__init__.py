"""What happens next, and when. Workflows are deterministic, and act through activities only.

``registry.WORKFLOWS`` is what a worker serves on ``queues.TASK_QUEUE``; ids are ``postmortem-<pm id>``,
``action-item-<ai id>``, ``voice-<user or team id>``, ``tickets-<batch id>``, ``chat-<delivery>`` and, with the time
of the run behind it, ``reconcile-<integration id>``.

Nothing is imported here: each open workflow imports its own module anew, and this package with it.
"""
