"""Guesses the type of a timeline event from its text. The examples of each rule are its tests."""

import re
from dataclasses import dataclass

from domain.postmortems.first_draft import EntryType

BEGINNING = 160
"""The type is guessed from this many characters: what follows them are details."""


@dataclass(frozen=True, slots=True)
class TypeRule:
    """``pattern`` finds words of this type. ``good`` lines are of it; ``bad`` ones look like it and are of another."""

    type: EntryType
    pattern: re.Pattern[str]
    good: tuple[str, ...]
    bad: tuple[str, ...]


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.I)


RULES = (
    TypeRule(
        EntryType.RESOLUTION,
        _words(
            r"(?<!not )(?<!partially )(?<!be )(?<!un)resolved|(?:fully|service|services|everything|all) restored"
            r"|restored(?! from)|recovered(?! from)|back to normal|(?:all|everything|systems?)[\w ]{0,20} operational"
            r"|service operational|all healthy|incident closed|all clear|back up"
            r"|working (?:again|as (?:intended|expected))"
            r"|permanently fixed|returned? to normal|issue (?:is )?fixed|returns? to stable|fully operational"
        ),
        (
            "Service restored, monitoring confirmed",
            "Incident resolved, follow-up tasks created",
            "Rollback done, everything is back to normal",
            "All systems verified operational",
            "Full service restored, EU region fully operational",
        ),
        ("Not resolved by the restart", "The alert says it was partially resolved", "Alert: 500s are back"),
    ),
    TypeRule(
        EntryType.DETECTION,
        _words(
            r"alert(?:s|ed|ing)?(?: \w+)? (?:triggered|fired|fires|detects?|received|indicating|regarding|from)"
            r"|(?:alarm|alert)s? (?:posts?|posted)|posts? alerts?|paged by|detect(?:s|ed|ion)?|noticed|notices"
            r"|first alert"
            r"|reports? (?:of|from)|report(?:s|ed|ing)|alarm|alerted|alerts? triggered|monitoring shows|warning from"
            r"|(?:become|became) aware|notified us|first report|user complaints?"
        ),
        (
            "Monitoring alert triggered for elevated API latency",
            "First alert about crash-looping pods",
            "Issue reported by a customer",
            "Automated monitoring detects more errors",
            "We became aware of it during a call",
        ),
        ("Page the on-call about the report", "Alert threshold raised"),
    ),
    TypeRule(
        EntryType.ESCALATION,
        _words(
            r"escalat(?:es|ed|ion|ing)|acknowledged|paged(?! by)|pages|page the|called in|contacted|joined|joins"
            r"|pings?|pinged"
            r"|incident declared|declared|declares|initiates incident|handed over|hands over|reassigned"
            r"|asked for help"
            r"|request for help|status page|customers? (?:informed|notified)|war ?room|bridge opened|notification to"
        ),
        (
            "On-call engineer acknowledged alert",
            "Escalated to the database team",
            "Incident declared, rollback attempted",
            "Status page updated with incident details",
            "Page the on-call about the report",
        ),
        ("The paging system was resolved", "Investigated why nobody answered"),
    ),
    TypeRule(
        EntryType.DIAGNOSIS,
        _words(
            r"root cause|investigat(?:es|ed|ion|ions|ing)|identif(?:y|ies|ied)|diagnos\w+|troubleshooting"
            r"|debugging|found that"
            r"|discover(?:s|ed|y)?|realiz(?:es|ed|ation)|realis(?:es|ed|ation)|verified|verification|confirmed"
            r"|confirms"
            r"|analy[sz](?:es|ed|is|ing)|looking into|digging|suspects?|suspected|inspect(?:s|ed|ing)|checked|culprit"
        ),
        (
            "Initial investigation started, high DB connection count noted",
            "Root cause identified: connection pool exhausted",
            "Discovery: massive data transfer in progress",
            "Realization that the hub is locking up",
        ),
        ("Rolled back", "On-call joined and identified nothing yet"),
    ),
    TypeRule(
        EntryType.MITIGATION,
        _words(
            r"mitigat(?:es|ed|ion|ing)|roll(?:s|ed|ing)? ?back|rollback|revert(?:s|ed|ing)?|hot-?fix(?:ed)?"
            r"|fix (?:applied|deployed|committed|merged)"
            r"|(?:applied|applying|deployed|deploys?|merged|committed)[\w -]{0,30} fix|restart(?:s|ed|ing)?"
            r"|scal(?:ed|ing|es) (?:up|down|out|to|\w+ to)"
            r"|failed over|failover|drain(?:s|ed|ing)?|cordon(?:ed|s)?|disabl(?:es|ed|ing)|throttl(?:es|ed|ing)"
            r"|increased[\w ]{0,30}(?:pool|limit|size)"
            r"|manually \w+ed|delet(?:es|ed|ing)|re-?attached|rolled over|workaround|patched|upsized|downgraded"
            r"|terminated"
        ),
        (
            "Mitigation applied: increased pool size",
            "Rolled back to the release of Monday",
            "Decision to scale pods, scaled to zero",
            "Restarted the affected pods",
        ),
        ("Root cause identified: the rollback", "Alert fired after the restart"),
    ),
)
"""The first rule wins if it matches at all; else the rule that matches earliest in the line, in this order."""


def guess_type(event: str) -> EntryType:
    """A resolution if its words are found, else the type whose words come first; of a long event, in its beginning."""
    beginning = event[:BEGINNING]
    found = [
        (match.start(), place, rule.type)
        for place, rule in enumerate(RULES)
        if (match := rule.pattern.search(beginning))
    ]
    if not found:
        return EntryType.OTHER
    if found[0][1] == 0:
        return found[0][2]
    return min(found)[2]


def read_type(written: str) -> EntryType | None:
    """A type by its own name, such as "detection"; None for anything else."""
    name = written.strip().upper()
    return EntryType(name) if name in EntryType.__members__ else None
