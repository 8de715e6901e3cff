"""Secrets in a text, found by the patterns of detect-secrets. Nothing is verified: no request leaves the machine.

Its entropy plugins are left out, because they fire on every sentence, and so are those for public IP addresses and for
what only counts beside a vendor's name. ``KeywordDetector`` (``password = "…"``) is written for code: what it finds
counts only if it can be a password, and no placeholder.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from detect_secrets.filters import heuristic
from detect_secrets.plugins import (
    artifactory,
    aws,
    azure_storage_key,
    basic_auth,
    cloudant,
    discord,
    github_token,
    gitlab_token,
    ibm_cloud_iam,
    ibm_cos_hmac,
    jwt,
    keyword,
    mailchimp,
    npm,
    openai,
    private_key,
    pypi_token,
    sendgrid,
    slack,
    softlayer,
    square_oauth,
    stripe,
    telegram_token,
    twilio,
)
from detect_secrets.plugins.base import RegexBasedDetector

PLUGINS = (
    artifactory.ArtifactoryDetector,
    aws.AWSKeyDetector,
    azure_storage_key.AzureStorageKeyDetector,
    basic_auth.BasicAuthDetector,
    cloudant.CloudantDetector,
    discord.DiscordBotTokenDetector,
    github_token.GitHubTokenDetector,
    gitlab_token.GitLabTokenDetector,
    ibm_cloud_iam.IbmCloudIamDetector,
    ibm_cos_hmac.IbmCosHmacDetector,
    jwt.JwtTokenDetector,
    mailchimp.MailchimpDetector,
    npm.NpmDetector,
    openai.OpenAIDetector,
    private_key.PrivateKeyDetector,
    pypi_token.PypiTokenDetector,
    sendgrid.SendGridDetector,
    slack.SlackDetector,
    softlayer.SoftlayerDetector,
    square_oauth.SquareOAuthDetector,
    stripe.StripeDetector,
    telegram_token.TelegramBotTokenDetector,
    twilio.TwilioKeyDetector,
)
NEWER = re.compile(
    r"(?<![A-Za-z0-9_-])(?:github_pat_[A-Za-z0-9_]{22,255}|sk-(?:ant|proj)-[A-Za-z0-9_-]{20,200}|AIza[A-Za-z0-9_-]{35}"
    r"|xox[a-z]-[A-Za-z0-9-]{10,250}|xapp-[A-Za-z0-9-]{10,250}|lin_api_[A-Za-z0-9]{30,60}|ATATT[A-Za-z0-9_=-]{20,250}"
    r"|eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}"
    r"|dop_v1_[a-f0-9]{64}|npm_[A-Za-z0-9]{36}|hvs\.[A-Za-z0-9_-]{20,200}|aft_[A-Za-z0-9_-]{43})(?![A-Za-z0-9])"
)
"""Tokens that detect-secrets 1.5 doesn't know, Afterword's own among them."""
HEADER = re.compile(r"(?i)\b(?:authorization\s*:\s*)?\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{20,})")
KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----(?:[\s\S]*?-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----)?"
)
PLACEHOLDER = re.compile(
    r"(?i)x{3,}|\*{3,}|\.{3}|<.*>|\$\{|\{\{|example|changeme|redacted|your[_-]|removed|placeholder"
)
LONG_GROUP = 12
"""Characters of a group that is the secret itself, and not its prefix."""
SHORTEST = 6
"""Characters of what a keyword introduces; a URL or a sentence is none."""


def find_secrets(text: str) -> list[tuple[int, int]]:
    """Offsets of each secret, in code points, in order. Needs no session, no network and no settings."""
    found = {one.span() for one in KEY_BLOCK.finditer(text)} | {one.span() for one in NEWER.finditer(text)}
    found |= {one.span(1) for one in HEADER.finditer(text) if re.search(r"\d", one[1])}
    begin = 0
    for line in text.split("\n"):
        found |= {(begin + start, begin + end) for start, end in _in_line(line)}
        begin += len(line) + 1
    return _without_covered(found)


def _in_line(line: str) -> Iterator[tuple[int, int]]:
    for plugin in _plugins():
        if isinstance(plugin, RegexBasedDetector) and not isinstance(plugin, jwt.JwtTokenDetector):
            yield from _by_pattern(plugin, line)
        else:  # it looks at more than the letters: at a JWT's header, say
            for secret in plugin.analyze_string(line):
                yield from _places(line, str(secret))
    yield from _by_keyword(line)


@cache
def _plugins() -> tuple[Any, ...]:
    return tuple(one() for one in PLUGINS)


def _by_pattern(plugin: RegexBasedDetector, line: str) -> Iterator[tuple[int, int]]:
    """The plugin itself gives only the first group of a pattern, which is the mere prefix of some tokens."""
    for pattern in plugin.denylist:
        for found in pattern.finditer(line):
            groups = [found.span(one + 1) for one in range(pattern.groups) if found[one + 1]]
            if not isinstance(plugin, basic_auth.BasicAuthDetector):
                groups = [(start, end) for start, end in groups if end - start >= LONG_GROUP]
            yield from groups or [found.span()]


def _by_keyword(line: str) -> Iterator[tuple[int, int]]:
    """Each of a line; in quotes as in code, and without them as in a settings file."""
    detector = keyword.KeywordDetector()
    for shapes in (keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP, keyword.CONFIG_DENYLIST_REGEX_TO_GROUP):
        for part in re.split(r"(?<=[\s,;|`])(?=[\w.-]{3,40}\s{0,2}[:=])", line):
            for secret in detector.analyze_string(part, denylist_regex_to_group=shapes):
                value = next(iter(str(secret or "").split()), "").strip("`'\"*_.,;)")
                if _can_be_password(value):
                    yield from _places(line, value)


def _can_be_password(value: str) -> bool:
    if len(value) < SHORTEST or " " in value or "/" in value or PLACEHOLDER.search(value):
        return False
    has_both = re.search(r"[A-Za-z]", value) and re.search(r"[\d!@#$%^&*]", value)
    return bool(has_both) and not (
        heuristic.is_templated_secret(value)
        or heuristic.is_sequential_string(value)
        or heuristic.is_not_alphanumeric_string(value)
        or heuristic.is_prefixed_with_dollar_sign(value)
    )


def _places(line: str, secret: str) -> Iterator[tuple[int, int]]:
    start = line.find(secret)
    while start >= 0:
        yield start, start + len(secret)
        start = line.find(secret, start + len(secret))


def _without_covered(found: set[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda one: (one[0], -one[1])):
        if not kept or end > kept[-1][1]:
            kept.append((start, end))
    return kept
