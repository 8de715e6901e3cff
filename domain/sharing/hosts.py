"""Finds e-mail addresses, IP addresses, internal hosts, and links that lead inside, in a text."""

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit


class Span(NamedTuple):
    """``text[start:end]``, in code points."""

    start: int
    end: int


# E-mail

_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9][\w.+%-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])")


def emails(text: str) -> Iterator[Span]:
    return (Span(*one.span()) for one in _EMAIL.finditer(text))


# IP addresses

_IPV4 = re.compile(r"(?<![\w.])(?<![A-Za-z]-)\d{1,3}(?:\.\d{1,3}){3}(?!\w|-[A-Za-z]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:)[0-9A-Fa-f:]+(?:\d{1,3}(?:\.\d{1,3}){3})?(?![\w:])")
_VERSION = re.compile(r"(?:\bversions?|\bv|\brelease)\s*$", re.I)


def ip_addresses(text: str) -> Iterator[Span]:
    """Version 4 and 6; not those of the machine itself (127.0.0.1), which say nothing, and not version numbers."""
    for one in _IPV4.finditer(text):
        if _is_told(one[0]) and not _VERSION.search(text[max(0, one.start() - 20) : one.start()]):
            yield Span(*one.span())
    for one in _IPV6.finditer(text):
        address = one[0].rstrip(":") if not one[0].endswith("::") else one[0]
        if any(sign.isdigit() for sign in address) and _is_told(address):
            yield Span(one.start(), one.start() + len(address))


def _is_told(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified)


def is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


# Hosts

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
INSIDE = (
    *("internal", "local", "localdomain", "lan", "corp", "intranet", "private", "home", "svc", "cluster", "consul"),
    *("home.arpa", "in-addr.arpa", "pod", "node", "prod", "staging", "stage"),
)
"""Endings of names that no public resolver knows. ``prod`` and ``staging`` are what people end such names with."""
CLOUD = (
    *("amazonaws.com", "compute.googleapis.com", "run.app", "database.windows.net", "cloudapp.azure.com"),
    *("azurewebsites.net", "blob.core.windows.net", "redis.cache.windows.net", "ondigitalocean.com", "fly.dev"),
)
"""Where names of single machines, databases and buckets are below a provider's."""
_ENDINGS = "|".join(re.escape(one) for one in (*INSIDE, *CLOUD))
_QUALIFIED = re.compile(rf"(?<![\w@.-])(?:{_LABEL}\.)+(?:{_ENDINGS})(?![\w-]|\.\w)", re.I)
_EC2 = re.compile(r"(?<![\w.-])(?:ip(?:-\d{1,3}){4}|i-[0-9a-f]{8}(?:[0-9a-f]{9})?)(?![\w-])", re.I)
_POD = re.compile(r"(?<![\w.-])[a-z][a-z0-9]*(?:-[a-z0-9]+)*-[a-f0-9]{8,10}-[a-z0-9]{5}(?![\w-])")
_NUMBERED = re.compile(
    r"(?<![\w.@/#$-])([a-z][a-z0-9]{1,30}(?:-[a-z0-9]{1,30}){0,6})-(?:[a-z]{0,3}\d{1,4}[a-z]?)(?![\w-]|\.\w)"
)
_REGION = re.compile(
    r"(?:us|eu|ap|sa|ca|me|af|il|cn|mx|uk|asia|europe|northamerica|southamerica|australia)-[a-z-]+\d[a-z]?"
)
_ORDINARY = """
account aes alpha appendix attempt base batch beta build case cat ch chapter class code col column covid cve cycle
day dec draft edition episode es example exhibit fig figure flux formula ft gen grade group half hour http https id
ie inc incident ipv iso issue item jan java kb km layer level lib line list log4j md mid min minute model module
month note number open option page pages para part period phase plan pm pop post pr pre priority problem protocol
python q quarter question reason release req request rev revision rfc round route row rule scenario schedule section
sev severity sha sprint ssl stage step table target team test three ticket tier tls top two type under unit utf
version vol volume wave web2 week wp x year zone
"""
ORDINARY = frozenset(_ORDINARY.split())
"""First parts of what looks like a numbered machine and is none: utf-8, sev-1, step-2."""
ROLES = (
    (
        ("db", "database", "postgres", "postgresql", "pg", "mysql", "mariadb", "mongo", "sql", "rds"),
        "a database server",
    ),
    (("redis", "cache", "memcached", "elasticache"), "a cache server"),
    (("kafka", "rabbit", "rabbitmq", "queue", "mq", "sqs", "nats"), "a message queue"),
    (("web", "www", "nginx", "frontend", "fe", "app", "api"), "a web server"),
    (("lb", "elb", "alb", "haproxy", "proxy", "gateway", "gw", "ingress"), "a load balancer"),
    (("k8s", "node", "worker", "pod", "kube", "cluster", "svc"), "a server in our cluster"),
    (("s3", "bucket", "storage", "nfs", "minio", "blob"), "a storage server"),
)


def host_names(text: str) -> Iterator[Span]:
    """Names that only mean something inside: ``db-7.internal``, ``ip-10-0-3-17``, ``pay-db-03``, names of pods."""
    for pattern in (_QUALIFIED, _EC2, _POD):
        yield from (Span(*one.span()) for one in pattern.finditer(text))
    for one in _NUMBERED.finditer(text):
        if not _is_ordinary(one[0]):
            yield Span(*one.span())
    for url in urls(text):
        written = text[url.start : url.end]
        host = _host_of(written)
        place = re.search(re.escape(host), written, re.I) if is_inside(host) and not is_ip(host) else None
        if place:
            yield Span(url.start + place.start(), url.start + place.end())


def _is_ordinary(name: str) -> bool:
    """Whether it is rather a word with a number than the name of a machine."""
    parts = name.split("-")
    if _REGION.fullmatch(name) or parts[0] in ORDINARY or parts[-2] in ORDINARY:
        return True
    number = re.sub(r"\D", "", parts[-1])
    return len(number) == 4 and number[:2] in {"19", "20"}


def is_inside(host: str) -> bool:
    """Whether no one outside can reach this host: a private address, an internal ending, or no domain at all."""
    host = host.lower().rstrip(".")
    if not host:
        return False
    if is_ip(host):
        return not ipaddress.ip_address(host).is_global
    return ("." not in host and ":" not in host) or bool(_QUALIFIED.fullmatch(host))


def role_of(host: str) -> str | None:
    """What a host is by its name, in words that tell outsiders nothing: ``db-7.internal`` is a database server."""
    parts = set(re.split(r"[.-]|(?<=[a-z])\d+", host.lower()))
    return next((role for names, role in ROLES if parts & set(names)), None)


# Links

_URL = re.compile(r"(?<![A-Za-z])[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s<>\"'`\])}|]+")
_TOOLS = (
    *(
        "grafana",
        "kibana",
        "jenkins",
        "jira",
        "confluence",
        "intranet",
        "vault",
        "argocd",
        "argo",
        "prometheus",
    ),
    *(
        "alertmanager",
        "sentry",
        "splunk",
        "admin",
        "vpn",
        "ci",
        "gitlab",
        "backstage",
        "rundeck",
        "phpmyadmin",
        "runbook",
    ),
    *("runbooks", "dashboards", "monitoring", "logs"),
)
_SIGN_IN_NEEDED = (
    *("atlassian.net", "slack.com", "pagerduty.com", "opsgenie.com", "datadoghq.com", "datadoghq.eu", "grafana.net"),
    *("docs.google.com", "drive.google.com", "sharepoint.com", "linear.app", "app.asana.com", "notion.so", "zoom.us"),
    *("console.aws.amazon.com", "console.cloud.google.com", "portal.azure.com", "sentry.io", "newrelic.com"),
)


def urls(text: str) -> Iterator[Span]:
    for one in _URL.finditer(text):
        yield Span(one.start(), one.start() + len(one[0].rstrip(".,;:!?*_")))


def private_urls(text: str, own_host: str = "") -> Iterator[Span]:
    """Links that no outsider can or should open: internal hosts, Afterword itself, and services with a sign-in."""
    return (one for one in urls(text) if is_private_url(text[one.start : one.end], own_host))


def _host_of(url: str) -> str:
    """In lower case; empty where it can't be read."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def is_private_url(url: str, own_host: str = "") -> bool:
    host = _host_of(url)
    if url.partition(":")[0].lower() not in {"http", "https"}:
        return True  # ssh, jdbc, redis and the like are never for outsiders
    if is_inside(host) or (own_host and host == own_host.lower()):
        return True
    is_tool = host.partition(".")[0] in _TOOLS
    return is_tool or any(host == one or host.endswith(f".{one}") for one in _SIGN_IN_NEEDED)
