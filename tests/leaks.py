"""Looks for words where they must not be, in any encoding."""

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote


def dresses(word: str) -> set[bytes]:
    """As it is, in JSON, in an address, in hexadecimal, and in Base64 at any offset."""
    raw = word.encode()
    found = {raw, json.dumps(word)[1:-1].encode(), quote(word, safe="").encode(), raw.hex().encode()}
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        known = encoded[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]
        found |= {known, known.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def leaks(places: Mapping[str, bytes], words: Mapping[str, str]) -> list[str]:
    """What is where; neither the word nor its surroundings are repeated."""
    wanted = {name: dresses(word) for name, word in words.items()}
    return sorted(
        f"{name} in {place}"
        for place, content in places.items()
        for name, forms in wanted.items()
        if any(form in content for form in forms)
    )
