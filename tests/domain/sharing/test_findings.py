"""What a text for outsiders should not say: found where it is planted, and not where it only looks alike."""

import base64
import random
import string
from pathlib import Path

import pytest

from domain.sharing.findings import BLOCKING, Finding, FindingKind, Known, find, unacknowledged
from domain.sharing.hosts import Span
from domain.sharing.names import Person
from integrations.secret_scanner import find_secrets

REAL = Path("/work/shared/testdata/postmortems")
PEOPLE = (
    *(Person("Jane Doe", "jane"), Person("Bob Marsh", "bob.marsh"), Person("Wilhelmina Ashgrove", "wilma42")),
    *(
        Person("José García", "jose"),
        Person("Grace Long", "grace"),
        Person("May Park", "may"),
        Person("Li Wei", "liwei"),
    ),
    *(Person("Siobhán O'Brien", "siobhan"), Person("李小龍", "bruce"), Person("Anne-Marie Dubois", "am-dubois")),
)
KNOWN = Known(PEOPLE, ("Deploybot", "Blue Ferret", "k8s-admin"), "afterword.example")


def found(text: str, known: Known = KNOWN) -> list[Finding]:
    return find(text, known, [Span(*one) for one in find_secrets(text)])


def kinds(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.quote) for one in found(text)]


def random_text(letters: str, length: int) -> str:
    """Made when it is needed, so that no file holds what looks like a secret."""
    return "".join(random.Random(f"{letters}{length}").choices(letters, k=length))


ALNUM = string.ascii_letters + string.digits
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"


def jwt() -> str:
    parts = ('{"alg":"HS256","typ":"JWT"}', '{"sub":"jane","role":"admin"}')
    head = ".".join(base64.urlsafe_b64encode(one.encode()).decode().rstrip("=") for one in parts)
    return f"{head}.{random_text(ALNUM, 43)}"


def secrets() -> dict[str, str]:
    key = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE" + random_text(ALNUM, 60) + "\n-----END RSA PRIVATE " + "KEY-----"
    return {
        "ghp_" + random_text(ALNUM, 36): "The token {} was in the log.",
        "github_pat_" + random_text(ALNUM, 60): "We rotated {}.",
        "AKIA" + random_text(UPPER, 16): "The key {} leaked.",
        "xoxb-"
        + random_text(string.digits, 12)
        + "-"
        + random_text(string.digits, 12)
        + "-"
        + random_text(ALNUM, 24): ("Slack's {} was used."),
        "glpat-" + random_text(ALNUM, 20): "With `{}` anyone could push.",
        "sk_live_" + random_text(ALNUM, 24): "Payments used {} until then.",
        "SG." + random_text(ALNUM, 22) + "." + random_text(ALNUM, 43): "Mail went out with {}.",
        "npm_" + random_text(ALNUM, 36): "Packages were published with {}.",
        "AIza" + random_text(ALNUM, 35): "Maps used {}.",
        "aft_" + random_text(ALNUM, 43): "A script sent {}.",
        jwt(): "Session {} stayed.",
        random_text(ALNUM, 14) + "7!": 'password = "{}"',
        random_text(ALNUM, 12) + "9": "export DB_PASSWORD={}",
        random_text(ALNUM, 16) + "3": "the api_key: {} was printed",
        random_text(HEX, 40): "Authorization: Bearer {}",
        "hunter2" + random_text(HEX, 5): "postgres://app:{}@db.example.com/app",
        key: "This was in the repository:\n\n{}\n",
    }


PLANTED = {
    FindingKind.PERSON: {
        "Jane Doe": "{} restarted it.",
        "JANE DOE": "It was {}.",
        "jane doe": "Then {} looked.",
        "Doe, Jane": "Reviewed by {} in the morning.",
        "Bob Marsh": "Thanks to {}'s idea, it was quick.",
        "@jane": "Ask {} about it.",
        "@bob.marsh": "It was paged to {}.",
        "wilma42": "Pushed by {} at noon.",
        "Wilhelmina": "Later {} raised the limit.",
        "Ashgrove": "The engineer, {}, agreed.",
        "Jose Garcia": "{} wrote the fix.",
        "José García": "According to {}, it was over.",
        "O'Brien": "Then {} called.",
        "Anne-Marie Dubois": "{} told customers.",
        "Grace": "We then asked {} to look at it.",
        "李小龍": "值班的是{}。",
    },
    FindingKind.HOST: {
        "db-7.internal": "The host {} was full.",
        "pay-db-03": "We lost {} first.",
        "ip-10-0-3-17": "Node {} went away.",
        "redis.prod.svc.cluster.local": "It resolves {} each time.",
        "build.corp": "From {} it was slow.",
        "printer.local": "Even {} noticed.",
        "web-12": "Only {} answered.",
        "orders.abc123.eu-west-1.rds.amazonaws.com": "The database {} failed over.",
        "payments-7d9f8b6c5d-x2x4z": "The pod {} was killed.",
        "i-0abc123def4567890": "Instance {} was replaced.",
        "kafka-broker-2": "A disk of {} broke.",
        "api01.lan": "Requests to {} timed out.",
    },
    FindingKind.IP_ADDRESS: {
        "10.1.2.3": "It was {}.",
        "192.168.0.17": "From {}: refused.",
        "8.8.4.4": "Even {} was slow.",
        "172.16.254.1": "The range {}/24 was blocked.",
        "2001:db8::8a2e:370:7334": "Over {} it worked.",
        "fe80::1ff:fe23:4567:890a": "Only {} was left.",
    },
    FindingKind.EMAIL: {"oncall@example.com": "Write to {}.", "jane.doe+x@mail.example.org": "Sent to {}, again."},
    FindingKind.URL: {
        "https://grafana.example.com/d/abc?orgId=1": "See {}.",
        "http://10.9.8.7:3000/login": "It answered at {}.",
        "https://acme.atlassian.net/browse/OPS-12": "Details are in {}.",
        "https://afterword.example/postmortems/pm_1": "The postmortem is {}.",
    },
    FindingKind.INTERNAL_TOOL: {
        "Deploybot": "{} rolled it out.",
        "BLUE FERRET": "We saw it in {}.",
        "k8s-admin": "Someone opened {}.",
    },
}


def test_planted_findings_are_found() -> None:
    """At least 95 % of 60, each as the kind that it is, in its own sentence and among all others."""
    cases = [(kind, quote, pattern) for kind, many in PLANTED.items() for quote, pattern in many.items()]
    cases += [(FindingKind.SECRET, quote, pattern) for quote, pattern in secrets().items()]
    assert len(cases) >= 60
    missed = []
    for kind, quote, pattern in cases:
        marked = found(f"The checkout failed.\n\n{pattern.format(quote)} All is well again.")
        if not any(one.kind is kind and one.quote == quote for one in marked):
            missed.append((kind.value, quote[:20], [(one.kind.value, one.quote[:30]) for one in marked]))
    share = 1 - len(missed) / len(cases)
    assert share >= 0.95, missed
    print(f"\n{len(cases) - len(missed)} of {len(cases)} planted findings found; missed: {missed}")  # noqa: T201 - with -s
    whole = "\n\n".join(pattern.format(quote) for _, quote, pattern in cases)
    marked = found(whole)
    blocking = sum(one.kind in BLOCKING for one in marked)
    assert blocking >= 0.95 * sum(kind in BLOCKING for kind, _, _ in cases)
    assert all(whole[one.start : one.end] == one.quote for one in marked)


ALIKE = (
    *("The checkout failed for 45 minutes on March 3.", "We will grace the page with a banner.", "May we ask you?"),
    *("Long queues built up. Grace periods were extended. Park it.", "In May, we upgraded to version 1.2.3.4."),
    *("Encoded as utf-8, hashed with sha-256, see RFC-2822 and step-2 of phase-3.", "In us-east-1 and eu-west-2a."),
    *("At 12:30:45 and 07:05 it was 99.9% done; see section 4.5.6.", "Use std::vector and a::b, or :: alone."),
    *("COVID-19, sev-1, cve-2021-44228, and log4j-2 were unrelated.", "Version 2.14.1.0 was affected by it."),
    *("See https://status.example.com/incidents/42 and https://github.com/acme/api.", "localhost is 127.0.0.1."),
    *("The password was wrong, and the secret is out: we were slow.", "Tokens: none were exposed. Password: unknown"),
    *("Set `password: ${DB_PASSWORD}` or `token: <your token>`.", "The key is: be patient.", "@here and @channel"),
    *("It took 3-4 hours, 20-30 people, top-10 customers, and 24-7 work.", "mid-2024 and post-2021 plans"),
)


@pytest.mark.parametrize("text", ALIKE)
def test_what_only_looks_alike_is_left_alone(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared test data is not on this machine")
def test_real_postmortems_hold_hardly_a_false_secret() -> None:
    texts = [one.read_text() for one in REAL.rglob("*.md")]
    secret = [one.quote for text in texts for one in found(text) if one.kind is FindingKind.SECRET]
    assert len(texts) > 30
    assert len(secret) <= 1, secret


def test_ids_stay_where_the_text_around_them_moves() -> None:
    first = found("10.1.2.3 and 10.1.2.3 and db-7.internal")
    later = found("Before all: db-7.internal, then 10.1.2.3, and 10.1.2.3 once more")
    assert {one.id for one in first} == {one.id for one in later}
    assert len({one.id for one in first}) == 3


def test_only_acknowledged_ones_of_a_blocking_kind_are_let_through() -> None:
    marked = found("Jane Doe of oncall@example.com on db-7.internal")
    assert [one.kind for one in unacknowledged(marked, [])] == [FindingKind.PERSON, FindingKind.HOST]
    person = next(one.id for one in marked if one.kind is FindingKind.PERSON)
    assert [one.kind for one in unacknowledged(marked, [person, "nope"])] == [FindingKind.HOST]


def test_of_two_in_one_place_the_worse_is_kept() -> None:
    assert kinds("jane@db-7.internal") == [("EMAIL", "jane@db-7.internal")]
    assert kinds("http://db-7.internal:80/x") == [("URL", "http://db-7.internal:80/x"), ("HOST", "db-7.internal")]
    password = random_text(ALNUM, 12) + "1"
    marked = kinds(f"https://jane:{password}@db-7.internal/")
    assert ("SECRET", password) in marked


@pytest.mark.parametrize(
    "text", ["", "\0", "\ud800 10.1.2.3", "a" * 20_000, "-" * 5000, "a-1" * 3000, "x@" * 5000, "1." * 5000]
)
def test_odd_texts_are_read(text: str) -> None:
    assert all(text[one.start : one.end] == one.quote for one in found(text))


def test_a_suggestion_tells_nothing_of_what_it_replaces() -> None:
    text = "Jane Doe on pay-db-03 and redis.prod.svc at 10.1.2.3"
    suggested = {one.quote: one.suggestion for one in found(text)}
    assert suggested["pay-db-03"] == "a database server"
    assert suggested["redis.prod.svc"] == "a cache server"
    for one in suggested.values():
        assert found(one) == []
