"""Words are found with and without their accents, and in scripts that are written without blanks."""

import pytest

from tests.api import writing
from tests.api.search.test_search import found, ids
from tests.api.writing import ok
from tests.stack import Person, Stack

JAPANESE = (
    "\u6c7a\u6e08\u969c\u5bb3\u306e\u5831\u544a\u3002\u30c7\u30fc\u30bf\u30d9\u30fc\u30b9\u306e\u63a5\u7d9a\u6570\u304c"
    "\u4e0a\u9650\u306b\u9054\u3057\u3001Redis\u969c\u5bb3\u3082\u767a\u751f\u3057\u305f\u3002"
)


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def japanese(author: Person) -> str:
    return str(writing.draft(author, title="\u6c7a\u6e08\u969c\u5bb3", rootCause=JAPANESE)["id"])


@pytest.mark.parametrize(
    "words",
    [
        "\u969c\u5bb3",  # a word of two letters inside a sentence
        "\u6c7a\u6e08\u969c\u5bb3",  # four letters
        "\u30c7\u30fc\u30bf\u30d9\u30fc\u30b9",
        "\u9650",  # one letter
        "\u9054",
        "Redis\u969c\u5bb3",
        "redis \u63a5\u7d9a\u6570",
        '"\u63a5\u7d9a\u6570\u304c\u4e0a\u9650"',
        "\uff32\uff45\uff44\uff49\uff53",  # full width
    ],
)
def test_japanese_words_are_found(author: Person, japanese: str, words: str) -> None:
    assert japanese in ids(found(author, words))
    listed = ok(author.get("/api/postmortems", params={"q": words}))["items"]
    assert japanese in [one["id"] for one in listed]


@pytest.mark.parametrize("words", ["\u5bb3\u969c", "\u5831\u544a\u66f8", '"\u5831\u544a\u969c\u5bb3"', "-\u969c\u5bb3"])
def test_letters_that_do_not_stand_side_by_side_are_no_word(author: Person, japanese: str, words: str) -> None:
    assert japanese not in ids(found(author, words))


def test_an_excerpt_shows_the_text_as_it_is_written(author: Person, japanese: str) -> None:
    [hit] = [one for one in found(author, "\u63a5\u7d9a\u6570")["items"] if one["postmortem"]["id"] == japanese]
    [match] = [one for one in hit["matches"] if one["kind"] == "section"]
    assert "".join(piece["text"] for piece in match["excerpt"]) in JAPANESE
    assert [piece["text"] for piece in match["excerpt"] if piece["hit"]] == ["\u63a5\u7d9a\u6570"]


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("Das Caf\u00e9zq1 war zu", "cafezq1"),
        ("cafe\u0301zq2", "CAF\u00c9zq2"),
        ("Stra\u00dfezq3", "strassezq3"),
        ("Malm\u00f6zq4 och \u00d8resundzq4", "oresundzq4"),
        ("plain zq5ecole", "zq5\u00c9cole"),
        ("\u0141\u00f3d\u017azq6", "lodzzq6"),
        ("\u0430\u0432\u0430\u0440\u0438\u044fzq7", "\u0410\u0412\u0410\u0420\u0418\u042fZQ7"),
        ("\uc7a5\uc560\uac00 \ubc1c\uc0ddzq8", "\uc7a5\uc560"),
        ("it\u2019szq9 don\u2019tzq9", "don'tzq9"),
    ],
)
def test_words_are_found_without_their_accents(author: Person, written: str, typed: str) -> None:
    made = writing.draft(author, impact=f"Before. {written}. After.")
    answer = found(author, typed)
    assert made["id"] in ids(answer)
    hit = next(one for one in answer["items"] if one["postmortem"]["id"] == made["id"])
    excerpt = hit["matches"][0]["excerpt"]
    assert "".join(piece["text"] for piece in excerpt) in f"Before. {written}. After."
    assert any(piece["hit"] for piece in excerpt)


def test_each_place_holds_such_words(author: Person) -> None:
    made = writing.draft(author, title="Ausf\u00e4llezr1", tags=["caf\u00e9zr2"])
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/timeline", json={"at": "2026-01-01T10:00:00Z", "event": "\u30ed\u30b0\u304czr3"}), 201)
    comment = ok(author.post(f"{path}/comments", json={"body": "na\u00efvezr4"}), 201)
    writing.with_item(author, made["id"], author.id, description="r\u00e9sum\u00e9zr5")
    for typed in ("ausfallezr1", "cafezr2", "\u30ed\u30b0", "naivezr4", "resumezr5"):
        assert made["id"] in ids(found(author, typed)), typed
    changed = author.patch(f"{path}/comments/{comment['id']}", json={"body": "d\u00e9j\u00e0zr6"})
    ok(changed)
    assert made["id"] in ids(found(author, "dejazr6"))
    assert made["id"] not in ids(found(author, "naivezr4"))
