"""What happened in the year before the demo begins: thirty incidents, of five kinds of failures that come back."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of failure. Its texts have places for the service, the minutes and the users; ``items`` are pairs of a
    description and a type."""

    category: str
    summary: str
    root_cause: str
    resolution: str
    lessons: str
    diagnosis: str
    mitigation: str
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """``days`` before today, an incident of ``minutes`` began. ``days_to_publish`` is how long its postmortem took."""

    days: int
    title: str
    service: str
    team: str
    kind: str
    minutes: int
    users: int
    days_to_publish: int
    is_high: bool = True
    is_archived: bool = False


TEAMS = {"team_platform": "Platform", "team_discovery": "Discovery"}
SERVICES = (
    ("svc_gateway", "api-gateway", "team_platform"),
    ("svc_login", "login", "team_platform"),
    ("svc_orders", "orders", "team_payments"),
    ("svc_recommendations", "recommendations", "team_discovery"),
)
"""Beside those of the Payments team."""

KINDS: Mapping[str, Kind] = {
    "capacity": Kind(
        "capacity",
        "{service} ran out of connections for {minutes} minutes. About {users} users saw errors or waited.",
        "The limit was set when the service was new. Traffic grew slowly, and nothing measured how close it was.",
        "1. Raised the limit\n2. Restarted the instances one by one\n3. Watched the error rate for 15 minutes",
        "**Went well**: the alert came early.\n\n**Could be better**: no one knew the limit.",
        "All connections of {service} are in use",
        "Limit raised, instances restarted",
        (
            ("Alert at 80% of the connections of {service}", "DETECT"),
            ("Add {service} to the monthly review of limits", "PREVENT"),
        ),
    ),
    "deployment": Kind(
        "deployment",
        "A release of {service} returned errors for {minutes} minutes until it was rolled back. About {users} users"
        " were affected.",
        "The release changed a field that an older client still sends. The test data had no such client.",
        "1. Stopped the rollout\n2. Rolled back to the last release\n3. Replayed the failed requests",
        "**Went well**: rolling back took two minutes.\n\n**Could be better**: the canary had too little traffic.",
        "Errors began with the latest release of {service}",
        "Release rolled back",
        (
            ("Test {service} with requests of older clients", "PREVENT"),
            ("Stop a rollout by itself when errors rise", "MITIGATE"),
            ("Describe the rollback of {service} in the runbook", "PROCESS"),
        ),
    ),
    "configuration": Kind(
        "configuration",
        "A setting of {service} was wrong in one region, so {users} users were refused for {minutes} minutes.",
        "The setting is kept in two places. One was changed, and nothing compares them.",
        "1. Set the same value in both places\n2. Reloaded {service}",
        "**Went well**: a colleague recognized the symptom.\n\n**Could be better**: settings have no review.",
        "The regions have different settings",
        "Setting corrected in the region",
        (
            ("Keep the settings of {service} in one place", "PREVENT"),
            ("Review changes of settings like changes of code", "PROCESS"),
        ),
    ),
    "dependency": Kind(
        "dependency",
        "A vendor that {service} relies on answered slowly for {minutes} minutes. About {users} users waited.",
        "{service} waits 30 seconds for the vendor, and each waiting request holds a worker.",
        "1. Switched to the second vendor\n2. Lowered the timeout to 3 seconds",
        "**Went well**: the second vendor was ready.\n\n**Lucky**: it was not a weekend.",
        "The vendor's answers take 20 seconds",
        "Traffic moved to the second vendor",
        (
            ("Lower the timeout of calls from {service} to vendors", "MITIGATE"),
            ("Switch to the second vendor automatically", "MITIGATE"),
        ),
    ),
    "data": Kind(
        "data",
        "{service} showed outdated data to {users} users for {minutes} minutes.",
        "A job that refreshes the data had failed in the night, and its failure went to a channel that no one reads.",
        "1. Ran the job by hand\n2. Cleared the cache of {service}",
        "**Went well**: no data was lost.\n\n**Could be better**: a customer noticed it first.",
        "The nightly job has not run since yesterday",
        "Job run by hand",
        (("Alert when the nightly job of {service} is late", "DETECT"), ("Show the age of the data", "DETECT")),
    ),
}

STORIES = (
    Story(361, "Gateway refused connections at noon", "api-gateway", "team_platform", "capacity", 52, 8200, 12),
    Story(349, "Login failed after a release", "login", "team_platform", "deployment", 31, 5400, 9, is_archived=True),
    Story(338, "Search results were a day old", "search", "team_discovery", "data", 240, 3100, 16, is_high=False),
    Story(325, "Card payments timed out", "payments-api", "team_payments", "dependency", 38, 1900, 8),
    Story(312, "Checkout refused customers in Canada", "checkout", "team_payments", "configuration", 64, 2700, 11),
    Story(300, "Recommendations were empty", "recommendations", "team_discovery", "data", 180, 900, 14, is_high=False),
    Story(287, "Orders stuck in the queue", "orders", "team_payments", "capacity", 95, 1200, 9, is_archived=True),
    Story(275, "Gateway returned errors after a release", "api-gateway", "team_platform", "deployment", 22, 12400, 6),
    Story(263, "Sign-in codes arrived late", "login", "team_platform", "dependency", 47, 3300, 10),
    Story(251, "Search was slow in the evening", "search", "team_discovery", "capacity", 73, 4100, 9),
    Story(240, "Refunds were booked twice", "payments-api", "team_payments", "deployment", 19, 140, 5),
    Story(228, "Prices in the checkout were outdated", "checkout", "team_payments", "data", 110, 760, 12),
    Story(216, "Wrong rate limit at the gateway", "api-gateway", "team_platform", "configuration", 33, 5200, 7),
    Story(205, "Order mails were not sent", "orders", "team_payments", "dependency", 150, 2300, 13, is_high=False),
    Story(193, "Login ran out of sessions", "login", "team_platform", "capacity", 41, 6900, 6),
    Story(182, "Search index lost a category", "search", "team_discovery", "data", 87, 1500, 8),
    Story(171, "Checkout errors after a release", "checkout", "team_payments", "deployment", 26, 3800, 5),
    Story(160, "Payments refused in one region", "payments-api", "team_payments", "configuration", 44, 1100, 6),
    Story(149, "Slow images in recommendations", "recommendations", "team_discovery", "dependency", 66, 2000, 9, False),
    Story(139, "Gateway out of memory", "api-gateway", "team_platform", "capacity", 29, 9800, 5),
    Story(128, "Orders showed the wrong status", "orders", "team_payments", "data", 130, 800, 7, is_archived=True),
    Story(117, "Login loop on phones", "login", "team_platform", "deployment", 58, 4700, 6),
    Story(106, "Bank transfers timed out", "payments-api", "team_payments", "dependency", 36, 650, 4),
    Story(95, "Search refused long queries", "search", "team_discovery", "configuration", 27, 500, 5, is_high=False),
    Story(84, "Checkout ran out of workers", "checkout", "team_payments", "capacity", 49, 2900, 5),
    Story(74, "Gateway release broke uploads", "api-gateway", "team_platform", "deployment", 18, 1700, 3),
    Story(52, "Recommendations used old sales", "recommendations", "team_discovery", "data", 160, 1300, 6, False),
    Story(40, "Login slow for one hour", "login", "team_platform", "dependency", 61, 5600, 5),
    Story(27, "Orders delayed by a full disk", "orders", "team_payments", "capacity", 55, 1900, 4),
    Story(16, "Coupons refused in the checkout", "checkout", "team_payments", "configuration", 34, 2100, 4),
)
