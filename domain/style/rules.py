"""Rules about how people and times are mentioned, as data: the examples of each rule are its tests.

``bad`` lines are found, ``good`` ones say the same thing as it should be said, or only look alike.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.people.time_zones import WRITTEN

Spans = Iterator[tuple[int, int]]


class Kind(StrEnum):
    """The kinds of text that rules apply to."""

    SECTION = "section"
    ACTION_ITEM = "actionItem"
    TIMELINE = "timeline"


@dataclass(frozen=True, slots=True)
class Context:
    """``causes`` find people named as a cause (:func:`named_causes`). ``zoned``: the text states its time zone."""

    causes: tuple[re.Pattern[str], ...]
    zoned: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """``sections`` None applies to all. ``find`` gets a line whose code, quotes and links are replaced by blanks."""

    id: str
    kinds: frozenset[Kind]
    find: Callable[[str, Context], Spans]
    reason: str
    suggestion: str
    bad: tuple[str, ...]
    good: tuple[str, ...]
    sections: frozenset[str] | None = None

    def holds_in(self, section: str) -> bool:
        return self.sections is None or section in self.sections


EVERYWHERE = frozenset(Kind)
PROSE = frozenset({Kind.SECTION, Kind.TIMELINE})
NAMES_LIMIT = 500
EXAMPLE_PEOPLE = ("Bob Smith", "Jane", "@alice")
"""The participants in the examples."""


def _names(people: Iterable[str]) -> str | None:
    """A regular expression of full names, first names and handles."""
    known: set[str] = set()
    for one in people:
        known |= {one.strip(), *(part for part in one.split()[:1] if len(part) >= 3)}
    names = sorted((re.escape(one) for one in known if len(one) >= 3), key=len, reverse=True)[:NAMES_LIMIT]
    return rf"(?<![\w@.-])(?:{'|'.join(names)})(?!\w)" if names else None


def matching(*patterns: str, flags: re.RegexFlag = re.I) -> Callable[[str, Context], Spans]:
    compiled = [re.compile(one, flags) for one in patterns]

    def find(line: str, _: Context) -> Spans:
        for pattern in compiled:
            for found in pattern.finditer(line):
                yield found.span()

    return find


PEOPLE = (
    r"(?:\b(?:we|i|he|she|nobody|no one|somebody|someone|everybody|everyone)\b"
    r"|\b(?:(?:the|an?|our|one|another) )?(?:[\w-]+ )?(?:teams?|engineers?|developers?|devs?|operators?"
    r"|administrators?"
    r"|admins?|on-?calls?|reviewers?|persons?|people|employees?|colleagues?|contractors?|interns?|managers?|staff)\b"
    r"|(?<![\w@])@[\w.-]*\w)"
)
_NAMED_BEFORE = r"(?:because(?: of)?|due to|caused by|thanks to|fault of|blame(?:d|s)?(?: on)?)\s+"
_NAMED_AFTER = (
    r"(?:'s)?\s+(?:\w+ly\s+)?(?:caused|broke|forgot|forgets|failed to|neglected|overlooked|missed|ignored"
    r"|misread|messed up"
    r"|screwed up|did not|didn't|should have|could have|made (?:a|an|the) (?:mistake|error)|mistake|error"
    r"|oversight|fault"
    r"|(?:mistakenly|accidentally|incorrectly|wrongly|carelessly)\s+\w+)"
)
_FORGETFUL = r"(?:forgot|neglected|overlooked|misread|ignored|was careless|was distracted|did not pay attention)\b"


_HANDLE = r"(?<![\w@.-])@[\w.-]*\w"


def named_causes(people: Iterable[str] = ()) -> tuple[re.Pattern[str], ...]:
    """Patterns of sentences that name a person as a cause: a participant, a handle, or "because Bob forgot"."""
    known = _names(people)
    names = f"(?:{known}|{_HANDLE})" if known else _HANDLE
    return (
        re.compile(rf"(?i:{_NAMED_BEFORE}){names}"),
        re.compile(rf"{names}(?i:{_NAMED_AFTER})"),
        re.compile(rf"\b(?i:because|since|as)\s+[A-Z][a-z]+(?:\s[A-Z][a-z]+)?\s+(?i:{_FORGETFUL})"),
    )


def _named_cause(line: str, context: Context) -> Spans:
    for pattern in context.causes:
        for found in pattern.finditer(line):
            yield found.span()


_CLOCK = re.compile(
    r"(?<![\w.:/@#$+-])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\s?[ap]\.?m\b\.?)?(?![\w:%/]|\.\d|-\d{4})"
    r"(?!\s*(?:h|hours?|hrs?|min|minutes?|mins?|seconds?|ratio|long)\b)"
)
_DURATION = re.compile(r"(?:took|lasted|for|duration:?|ratio(?: of)?|within|verse|chapter)\W{0,4}$", re.I)
_ZONED = re.compile(rf"(?<![A-Za-z]){WRITTEN}|\b(?:utc|gmt)\b|\b(?:pacific|eastern|central|local) time\b", re.I)


def _without_zone(line: str, context: Context) -> Spans:
    if context.zoned or _ZONED.search(line):
        return
    for found in _CLOCK.finditer(line):
        if not _DURATION.search(line[max(0, found.start() - 30) : found.start()]):
            yield found.span()


TEXT_RULES = (
    Rule(
        "blameless.named-cause",
        EVERYWHERE,
        _named_cause,
        "This names a person as the cause. Anyone in their place could have done the same.",
        "Describe what the system, the tool, or the process allowed. Name a role only where it explains something.",
        bad=(
            "The outage began because Bob forgot to renew the certificate.",
            "Because Kevin forgot the flag, the job ran twice.",
            "The wrong index was dropped, caused by Jane.",
            "Bob Smith accidentally deleted the table.",
            "@alice overlooked the failing check.",
            "It was Jane's mistake.",
        ),
        good=(
            "Bob rolled the release back.",
            "Jane noticed that the pool was full.",
            "The certificate expired because nothing renews it or warns before.",
            "Redis failed because the disk was full.",
            "@alice deploys the fix.",
        ),
    ),
    Rule(
        "blameless.human-error",
        EVERYWHERE,
        matching(
            r"\b(?:human|operator|pilot|engineer|developer) (?:errors?|mistakes?)\b",
            r"\bfat[- ]finger(?:s|ed"
            r"|ing)?\b",
        ),
        "Human error is where the analysis starts, not the cause.",
        "Describe what made the mistake easy to make and hard to notice.",
        bad=(
            "The root cause was human error.",
            "An operator error during the upgrade.",
            "It was a fat-fingered command.",
        ),
        good=("The command takes the name of any cluster and asks nothing.", "Users saw an error page."),
    ),
    Rule(
        "blameless.counterfactual",
        EVERYWHERE,
        matching(
            r"\b(?:should|could|ought to|must)(?: not"
            r"|n't)? have (?:(?:also|already|never|immediately|just|simply)\s+)?"
            r"(?:been (?:caught|noticed|detected|prevented|avoided|checked|tested|reviewed|done|known|found"
            r"|seen|followed"
            r"|documented|more careful)|(?!helped|caused|resulted|affected|happened|occurred|impacted|need"
            r"|hundred)[a-z]+ed\b|(?:known|seen|done|caught"
            r"|taken|made|thought|found|read|told|gotten|got|written|run))",
            r"\bif only\b",
        ),
        (
            "This describes something that didn't happen. What did happen, and why it made sense at"
            " the time, teaches more."
        ),
        "Describe what people saw and knew at that moment, or turn this into an action item.",
        bad=(
            "We should have tested the migration.",
            "This could have been avoided by a review.",
            "The on-call shouldn't have restarted it.",
            "If only the alert had fired.",
        ),
        good=(
            "Every service should have an owner.",
            "The migration was not tested: staging has no data of that size.",
            "What could have gone better",
            "An incident manager could have helped.",
            "It could have affected every region.",
        ),
    ),
    Rule(
        "blameless.failed-to",
        EVERYWHERE,
        matching(
            rf"{PEOPLE}\s+(?:(?:also|simply|just|\w+ly)\s+)?(?:failed to|fail to|neglected|forgot"
            rf"|did not bother|didn't bother"
            r"|paid no attention|(?:did not|didn't) (?:pay attention|think|care|notice|realize|realise))\b",
            r"\bforgot(?:ten)? to\b",
        ),
        "This says what someone didn't do, which doesn't explain why.",
        "Describe what was done instead, and what would have prompted the missing step.",
        bad=(
            "The team failed to notice the alert.",
            "We forgot to raise the limit.",
            "An engineer neglected the runbook.",
            "We didn't realize that the pool was shared.",
        ),
        good=(
            "New pods failed to start.",
            "The job failed to connect to the database.",
            "The alert went to a channel that nobody reads.",
        ),
    ),
    Rule(
        "blameless.passive",
        EVERYWHERE,
        matching(
            r"\b(?:accidental(?:ly)?|mistakenly|inadvertent(?:ly)?|by (?:mistake|accident))\b",
            r"\bmistakes? w(?:as|ere) made\b",
            r"\b(?:was|were|been|got) (?:overlooked|forgotten|neglected|not followed"
            r"|ignored(?! by (?:the )?(?:git|config)))\b",
        ),
        "This hides what happened and still assigns blame. No one intends an accident.",
        "Describe what the action was meant to do, and what let it do something else.",
        bad=("The nodes were accidentally deleted.", "The runbook was not followed.", "The warning was overlooked."),
        good=("The command was meant for staging and ran in production, whose name differs by a letter.",),
    ),
    Rule(
        "blameless.judgement",
        EVERYWHERE,
        matching(
            r"\b(?:careless(?:ly|ness)?|negligen(?:t|ce|tly)|sloppy|sloppily|incompeten(?:t|ce)"
            r"|laz(?:y|iness)(?! (?:load|init|eval|conn|mig))"
            r"|stupid(?:ly|ity)?|dumb|foolish(?:ly)?|reckless(?:ly)?|inexcusabl[ey]|irresponsibl[ey])\b",
            r"\b(?:at fault|(?:is|was|are|were) to blame|(?:my|his|her|their|whose|your) fault|guilty of)\b",
        ),
        "This judges people, and makes readers hide their own mistakes next time.",
        "Leave out the judgment, and describe what was known and done.",
        bad=("It was a careless deploy.", "The on-call was to blame.", "It was their fault."),
        good=("The segmentation fault came from the driver.", "The relation is loaded with lazy loading."),
    ),
    Rule(
        "wording.certainty",
        EVERYWHERE,
        matching(
            r"\b(?:obviously|needless to say|of course|everyone knows|as everybody knows|clearly should)\b",
            r"\b(?:simply|just|only) (?:had to|needed to|need to|have to|should|could have|forgot)\b",
            r"\bshould (?:simply|just)\b",
        ),
        "What looks obvious now wasn't obvious then.",
        "Describe what was known at that moment.",
        bad=("The limit was obviously too low.", "They just had to read the graph.", "It should simply retry."),
        good=("The limit was 10, the traffic needed 40.", "A course on incidents.", "It is just over 5 %."),
    ),
    Rule(
        "time.zone",
        PROSE,
        _without_zone,
        "A time without a time zone means something else to readers elsewhere.",
        "Add the time zone, for example 14:03 UTC, or state one for all times above.",
        bad=("The alert fired at 14:03.", "Between 9:40 and 10:15 am nobody could pay."),
        good=(
            "The alert fired at 14:03 UTC.",
            "From 10:45 to 11:15 CET nobody could pay.",
            "It took 1:48 to recover.",
            "It ran for 0:45 hours on 10.0.0.1:8080.",
            "A ratio of 16:09.",
        ),
    ),
    Rule(
        "impact.vague-number",
        frozenset({Kind.SECTION}),
        matching(
            r"\b(?:some|many|several|a few|a lot of|lots of|most"
            r"|a (?:small |large |significant |certain )?(?:number|percentage|portion|fraction) of"
            r"|numerous|countless)\s+(?:of (?:our |the )?)?(?:\w+ ){0,2}?(?:users?|customers?|requests?|orders?"
            r"|transactions?|teams?|tenants?"
            r"|accounts?|payments?|people|visitors?|sessions?|clients?|messages?|events?|jobs?|tickets?|logins?)\b",
        ),
        "Without a number, readers can't tell how bad it was or compare it with other incidents.",
        "Add a count, or a range and where it comes from.",
        bad=(
            "Some users could not log in.",
            "A large number of orders failed.",
            "Many of our customers were affected.",
        ),
        good=("About 2,300 transactions failed (from the ledger).", "Users in the EU could not log in."),
        sections=frozenset({"impact"}),
    ),
    Rule(
        "text.placeholder",
        PROSE,
        matching(
            r"(?-i:\b(?:TBD|TODO|FIXME|TBC|XXX+)\b)|\?{4,}|\bto be (?:filled|added|written|completed|determined"
            r"|confirmed)\b"
            r"|\blorem ipsum\b|<(?:fill|insert|describe)[^>]*>|\[(?:fill|insert|describe)[^\]]*\]",
        ),
        "This is a placeholder.",
        "Write the text, or remove it.",
        bad=("TODO: numbers from finance", "The impact is to be determined.", "It was at ?????"),
        good=("The to-do list was full.", "What happened? We do not know."),
    ),
)
