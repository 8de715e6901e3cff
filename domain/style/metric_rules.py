"""Rules about the numbers of the impact. The examples of each rule are its tests."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

COUNTS = ("durationMinutes", "affectedUsers", "failedTransactions", "supportTickets")


@dataclass(frozen=True, slots=True)
class MetricRule:
    """``find`` yields the fields that the rule finds, each as a line ``name: value``."""

    id: str
    find: Callable[[Mapping[str, Any]], Iterator[str]]
    reason: str
    suggestion: str
    bad: tuple[Mapping[str, Any], ...]
    good: tuple[Mapping[str, Any], ...]


def _zero(metrics: Mapping[str, Any]) -> Iterator[str]:
    for name in COUNTS:
        if metrics.get(name) == 0:
            yield f"{name}: 0"
    money = metrics.get("revenueImpact")
    if isinstance(money, Mapping) and not str(money.get("amount", "")).strip("0."):
        yield f"revenueImpact: {money.get('amount')}"


def _empty(metrics: Mapping[str, Any]) -> Iterator[str]:
    told = [name for name, value in metrics.items() if value is not None and name != "durationMinutes"]
    if not told:
        yield "impactMetrics:"


METRIC_RULES = (
    MetricRule(
        "impact.zero",
        _zero,
        "Zero can mean that nothing was affected, or that no one counted.",
        "Leave the field empty if you don't know. If it is zero, explain in the text how you counted.",
        bad=({"affectedUsers": 0}, {"revenueImpact": {"amount": "0.00", "currency": "EUR"}}, {"durationMinutes": 0}),
        good=(
            {"affectedUsers": 12},
            {"revenueImpact": {"amount": "10.00", "currency": "EUR"}},
            {"affectedUsers": None},
        ),
    ),
    MetricRule(
        "impact.empty",
        _empty,
        "The impact has no number other than the duration.",
        "Add at least one: affected users, failed transactions, revenue, or support tickets.",
        bad=({}, {"durationMinutes": 45}),
        good=({"affectedUsers": 12}, {"slaBreach": "99.9% missed"}),
    ),
)
