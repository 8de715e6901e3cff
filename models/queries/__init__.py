"""Every SQL statement, by noun; the session comes first.

``get_`` raises NotFound, ``find_`` returns None, ``list_`` and ``count_`` do as they say. What people can reach takes
the ``viewer``; ``_unscoped`` ones are for activities.
"""
