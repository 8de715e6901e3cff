"""When two names mean the same service."""

import unicodedata

_SEPARATORS = frozenset({"Zs", "Pd", "Pc", "Cc", "Cf"})
"""Blanks, hyphens and dashes, underscores, and what cannot be seen."""


def service_key(name: str) -> str:
    """The same for names that differ only by case, blanks, hyphens or underscores."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(one for one in plain if unicodedata.category(one) not in _SEPARATORS) or name
