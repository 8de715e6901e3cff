"""Which names mean the same service."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people.service_names import service_key


@pytest.mark.parametrize(
    "name",
    [
        "payments-api",
        "Payments API",
        "payments_api",
        "PaymentsAPI",
        " PAYMENTS \u2013 API ",
        "pay\u00adments\u00a0api",
        "\uff30ayments\u2011api",
    ],
)
def test_case_blanks_and_hyphens_are_no_difference(name: str) -> None:
    assert service_key(name) == "paymentsapi"


def test_other_letters_are() -> None:
    names = ["payments-api", "payments-api2", "payment-api", "payments.api", "payments-\u00e4pi"]
    assert len({service_key(one) for one in names}) == len(names)
    assert service_key("---") == "---"


@given(st.text(min_size=1))
def test_a_key_is_its_own_key_and_never_empty(name: str) -> None:
    assert service_key(name)
    assert service_key(name.upper()) == service_key(name.upper().lower()) or not name.isascii()
