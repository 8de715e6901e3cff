"""Event streams: who waits for what, and the answer that never ends. Doors are in ``pages`` and ``v1``."""
