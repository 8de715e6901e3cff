"""Names of months, weekdays, and halves of the day in the languages that people write timelines in, from CLDR."""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

from babel import Locale

LANGUAGES = (
    *("en", "de", "fr", "es", "pt", "it", "nl", "sv", "da", "nb", "fi", "is", "pl", "cs", "sk", "sl", "hr", "hu", "ro"),
    *("et", "lv", "lt", "tr", "ca", "gl", "eu", "ru", "uk", "bg", "sr", "el", "he", "ar", "fa", "hi", "id", "ms", "vi"),
)
"""Languages whose numbers of months are words; Chinese, Japanese and Korean write them in digits."""
SHORTEST = 3
"""Letters that the name of a month or a weekday has at least; a single letter says nothing."""

_ENGLISH_MONTHS = "jan feb mar apr may jun jul aug sep sept oct nov dec"
_ENGLISH_MONTH_NUMBERS = dict(zip(_ENGLISH_MONTHS.split(), (1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 11, 12), strict=True))
_ENGLISH_WEEKDAYS = ("mon", "tue tues", "wed weds", "thu thur thurs", "fri", "sat", "sun")
_CJK_WEEKDAYS = "\u6708\u706b\u6c34\u6728\u91d1\u571f\u65e5"


def months_named(word: str) -> tuple[int, ...]:
    """The months with that name: several if it means another one in another language, such as "listopad"."""
    plain = _plain(word)
    if plain in _ENGLISH_MONTH_NUMBERS:
        return (_ENGLISH_MONTH_NUMBERS[plain],)
    return _months().get(plain, ()) if len(plain) >= SHORTEST else ()


def weekday_named(word: str) -> int | None:
    """Counted from Monday, 0. None for a name that means different days in different languages."""
    if word in _CJK_WEEKDAYS:
        return _CJK_WEEKDAYS.index(word)
    plain = _plain(word)
    if len(plain) < SHORTEST:
        return _SHORT_WEEKDAYS.get(word)
    for place, names in enumerate(_ENGLISH_WEEKDAYS):
        if plain in names.split():
            return place
    found = _weekdays().get(plain, ())
    return found[0] if len(found) == 1 else None


_SHORT_WEEKDAYS = {name: place for place, name in enumerate(("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"))}
"""German ones of two letters are capitals; those of other languages are words too."""


def _plain(word: str) -> str:
    """Without accents and dots, in small letters."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one)).strip(". ")


@cache
def _months() -> Mapping[str, tuple[int, ...]]:
    return _table("months")


@cache
def _weekdays() -> Mapping[str, tuple[int, ...]]:
    return _table("days")


def _table(kind: str) -> dict[str, tuple[int, ...]]:
    """English first: an English name means nothing else."""
    found: dict[str, tuple[int, ...]] = {}
    english: set[str] = set()
    for language in LANGUAGES:
        for name, number in _names(language, kind):
            if name in english:
                continue
            if language == "en":
                english.add(name)
            if number not in found.get(name, ()):
                found[name] = (*found.get(name, ()), number)
    return found


def _names(language: str, kind: str) -> Iterator[tuple[str, int]]:
    locale = Locale.parse(language)
    contexts = locale.months if kind == "months" else locale.days
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in contexts[context][width].items():
                plain = _plain(str(name))
                if len(plain) >= SHORTEST and plain.isalpha():
                    yield plain, number
