import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.mentions import QUIET, quietened, restored

TEXT = st.text(alphabet="ab @`~\n.", max_size=60)


@pytest.mark.parametrize(
    ("text", "pings"),
    [
        ("Ask @jane", 1),
        ("@jane and @kim-2, (@acme/team)", 3),
        ("jane@example.com", 0),
        ("`@property`", 0),
        ("```python\n@decorator\n```\n@jane", 1),
        ("~~~\n@code", 0),
        ("an @ alone, @.", 0),
    ],
)
def test_only_a_mention_is_quietened(text: str, pings: int) -> None:
    assert quietened(text).count(QUIET) == pings
    assert restored(quietened(text)) == text


@given(TEXT)
def test_it_comes_back_as_it_was_written(text: str) -> None:
    assert restored(quietened(text)) == text


@given(TEXT)
def test_once_is_enough(text: str) -> None:
    assert quietened(quietened(text)) == quietened(text)
