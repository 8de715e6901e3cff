"""Which account a person has in another system: one each, and no account for two people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccountPair:
    """A person and their account. ``source`` says where it comes from: MANUAL, IMPORT or EMAIL."""

    person_id: str
    account: str
    label: str | None
    source: str


def find_conflicts(holders: Mapping[str, str], pairs: Sequence[AccountPair]) -> dict[int, str]:
    """By index, what is wrong with a pair: its person or account is named twice, or another person keeps the account.

    ``holders`` are the accounts in use, each with the id of its person.
    """
    seen_people: dict[str, int] = {}
    seen_accounts: dict[str, int] = {}
    leaving = {one.person_id for one in pairs}
    kept = {account: person for account, person in holders.items() if person not in leaving}
    wrong: dict[int, str] = {}
    for index, one in enumerate(pairs):
        if (first := seen_people.setdefault(one.person_id, index)) != index:
            wrong[index] = f"{one.person_id} is already listed in pair {first + 1}"
        elif (first := seen_accounts.setdefault(one.account, index)) != index:
            wrong[index] = f"the account '{one.account}' is already listed in pair {first + 1}"
        elif one.account in kept:
            wrong[index] = f"the account '{one.account}' is {kept[one.account]}'s"
    return wrong
