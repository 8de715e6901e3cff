"""Use cases that doors and activities share: what a command checks, writes, audits and announces, in one transaction.

No SQL (statements live in ``models.queries``), no HTTP, no Temporal, no vendor's name. One package for each area.
"""
