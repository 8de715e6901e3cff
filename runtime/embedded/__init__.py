"""The embedded servers: a real PostgreSQL and a real Temporal, as children of whoever starts them.

For one machine and one person: ``make run``, tests, a look around. Production brings its own.
"""
