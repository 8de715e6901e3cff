"""Review meetings: who should come, when they can be, and what they are about."""
