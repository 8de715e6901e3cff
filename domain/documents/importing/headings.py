"""Which section a heading of somebody else's postmortem stands for."""

import re
from collections.abc import Mapping

from domain.content.templates import ACTION_ITEMS, TIMELINE

IMPORTED = "imported"
"""The section of what found no other place."""
PEOPLE = "people"
"""Not a section: a list of people who took part."""

_SYNONYMS: Mapping[str, str] = {
    "summary": "summary|executive summary|incident summary|overview|tldr|tl dr|abstract|what happened|description|"
    "incident description|introduction|synopsis|in short|short version",
    TIMELINE: "timeline|time line|incident timeline|timeline of events|detailed timeline|full timeline|chronology|"
    "sequence of events|event log|incident log|events",
    "impact": "impact|customer impact|user impact|business impact|impact analysis|impact assessment|scope|"
    "blast radius|effects|consequences|who was affected|affected users|affected systems|customer and business impact",
    "rootCause": "root cause|root causes|root cause analysis|root cause s|rca|cause|causes|cause analysis|analysis|"
    "technical analysis|what caused it|why it happened|why did it happen|five whys|5 whys|the five whys|trigger|"
    "triggers|underlying cause|the cause|technical details|background and root cause|what went wrong technically",
    "resolution": "resolution|resolution and recovery|recovery|fix|the fix|mitigation|mitigations|remediation|"
    "how we fixed it|how it was fixed|how was it resolved|resolution steps|workaround|restoration",
    "lessonsLearned": "lessons learned|lessons learnt|lessons|lesson learned|learnings|key learnings|what we learned|"
    "what did we learn|key takeaways|takeaways|what went well|what went wrong|what went poorly|what didn t go well|"
    "what could be improved|what could have gone better|what could have gone well|where we got lucky|retrospective|"
    "reflections|conclusion|conclusions",
    "contributingFactors": "contributing factors|contributing factor|contributing causes|factors|contributors|"
    "other factors|contributing factor s",
    "detection": "detection|how we detected it|how was it detected|discovery|how it was discovered|alerting|"
    "monitoring|detection and alerting",
    "response": "response|incident response|our response|response and recovery|how we responded|communication|"
    "investigation|incident management",
    ACTION_ITEMS: "action items|action item|actions|action points|follow up|follow ups|followups|follow up items|"
    "follow up actions|next steps|corrective actions|corrective and preventive actions|preventive actions|"
    "preventative actions|preventive measures|prevention|action plan|tasks|todo|to do|todos|improvements|"
    "planned improvements|remediation items|what we are doing about it|moving forward",
    PEOPLE: "attendees|responders|participants|people|people involved|authors|author|present|incident team|"
    "on call|team|roles|roles and responsibilities",
}
_BY_HEADING = {name: key for key, names in _SYNONYMS.items() for name in names.split("|")}
_NUMBERING = re.compile(r"^(?:\d+(?:\.\d+)*[.)]?|[ivx]+[.)]|[a-z][.)])\s+", re.I)


def section_of(heading: str) -> str | None:
    """The section, IMPORTED's aside, or PEOPLE; None for a heading that says nothing known."""
    words = _NUMBERING.sub("", heading.strip())
    words = re.sub(r"\([^)]*\)|\[[^\]]*\]\([^)]*\)", " ", words).replace("&", " and ")
    words = re.sub(r"[^a-z0-9]+", " ", words.lower()).strip()
    shorter = words.removeprefix("the ")
    return _BY_HEADING.get(words) or _BY_HEADING.get(shorter) or _BY_HEADING.get(shorter.removeprefix("incident "))
