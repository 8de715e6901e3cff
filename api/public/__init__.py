"""Pages for visitors without a session. They call ``application.sharing.public`` and nothing else."""
