"""Public holidays by country and region, from the ``holidays`` library: https://holidays.readthedocs.io

Looked up once, when a calendar is made, and kept with it as data: what the library says next year changes nothing then.
"""

from datetime import date
from functools import cache

import holidays

YEARS_AHEAD = 5


@cache
def regions() -> dict[str, tuple[str, ...]]:
    """The regions of each country that is known, by its ISO 3166 code of two letters."""
    found = holidays.list_supported_countries(include_aliases=False)
    return {country: tuple(names) for country, names in found.items() if len(country) == 2}


def dates(country: str, region: str | None, first_year: int) -> frozenset[date]:
    """Those of that year and the five after it. The country and the region must be known."""
    years = range(first_year, first_year + YEARS_AHEAD + 1)
    return frozenset(holidays.country_holidays(country, subdiv=region, years=years))
