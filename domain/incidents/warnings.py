"""What a report says and we don't use, or use with doubt, in sentences for whoever sent it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from domain.incidents.incident import Incident, IncidentReport, IncidentStatus

SKEW = timedelta(minutes=1)
"""Clocks that differ by less are nothing to warn of."""

_COMPARED = {
    "title": "title",
    "description": "description",
    "urgency": "urgency",
    "team_id": "team",
    "url": "link",
    "customer_impact": "customer impact",
    "data_loss": "data loss",
    "security": "security",
    "false_positive": "false positive",
    "auto_resolved": "automatic resolution",
    "near_miss": "near miss",
}


def warnings_about(report: IncidentReport, incident: Incident) -> tuple[str, ...]:
    """``incident`` is what all reports add up to, this one included."""
    return (*_about_clock(report), *unused(report, incident), *_left_out(report), *standing_warnings(incident))


def standing_warnings(incident: Incident) -> tuple[str, ...]:
    """What is doubtful about the incident whatever was reported last."""
    if incident.resolved_at is None or incident.resolved_at >= incident.started_at:
        return ()
    ends, starts = _words(incident.resolved_at), _words(incident.started_at)
    return (f"The incident ends ({ends}) before it starts ({starts}). Correct one of them to get a duration.",)


def unused(report: IncidentReport, incident: Incident) -> tuple[str, ...]:
    """One sentence for each thing that the report says and the incident doesn't."""
    later = [words for name, words in _COMPARED.items() if getattr(report, name) not in (None, getattr(incident, name))]
    return (
        *((_later("status"),) if report.status and report.status is not incident.status else ()),
        *_unused_resolution(report, incident),
        *_unused_start(report, incident),
        *_unused_acknowledgement(report, incident),
        *(_later(words) for words in later),
    )


def _later(words: str) -> str:
    return f"The {words} wasn't changed, because a later report or a person's change says otherwise."


def _unused_resolution(report: IncidentReport, incident: Incident) -> Iterator[str]:
    named = report.believed(report.resolved_at)
    if named is None or named == incident.resolved_at:
        return
    if report.status not in {None, IncidentStatus.RESOLVED}:
        yield f"The end wasn't used, because the report says that the incident is {_status(report.status)}."
    else:
        yield _later("end")


def _unused_start(report: IncidentReport, incident: Incident) -> Iterator[str]:
    if report.believed(report.started_at) not in {None, incident.started_at}:
        yield _later("start") if report.corrects else _earlier("start")


def _unused_acknowledgement(report: IncidentReport, incident: Incident) -> Iterator[str]:
    if report.believed(report.acknowledged_at) not in {None, incident.acknowledged_at}:
        yield _later("acknowledgement") if report.corrects else _earlier("acknowledgement")


def _earlier(words: str) -> str:
    return (
        f"The {words} wasn't changed, because an earlier one was reported or a person corrected it. "
        "Send updatedAt to correct it, or change the incident."
    )


def _about_clock(report: IncidentReport) -> Iterator[str]:
    received_at = report.received_at
    if received_at is None:
        return
    if report.occurred_at > received_at + SKEW:
        at = _words(report.occurred_at)
        yield f"The report's time ({at}) is in the future. We used the time at which we received it."
    named = {"start": report.started_at, "acknowledgement": report.acknowledged_at, "end": report.resolved_at}
    for words, at_named in named.items():
        if at_named is not None and report.believed(at_named) != at_named:
            used = "We used the time at which we received the report."
            yield f"The {words} ({_words(at_named)}) is more than a day in the future. {used}"


def _left_out(report: IncidentReport) -> Iterator[str]:
    if report.left_out:
        count = f"{report.left_out} {'entry was' if report.left_out == 1 else 'entries were'}"
        yield f"{count} left out: a responder needs an e-mail address, a timeline entry a time and an event."


def _status(status: IncidentStatus | None) -> str:
    return status.value.lower() if status else ""


def _words(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
