"""The templates that an organisation begins with: the default one, and four for people to use, change or copy."""

from domain.content.custom_fields import CustomField, FieldType
from domain.content.templates import ACTION_ITEMS, CORE, TIMELINE, TITLES, Section, Template

DEFAULT_ID = "tpl_default"

_PROMPTS = {
    "summary": "Two or three sentences for somebody who was not there: what happened, whom it hurt, how it ended.",
    TIMELINE: "One line a moment, in UTC: what was seen, what was decided and why, also what led nowhere.",
    "impact": "Count it: minutes, people, failed requests, money, broken promises, support tickets.",
    "rootCause": "What failed, why it could fail, and why nothing told us earlier. Name systems, not people.",
    "resolution": "What ended it, step by step, and how you knew that it was over.",
    ACTION_ITEMS: "What makes this less likely, smaller or shorter next time. One owner and one date each.",
    "lessonsLearned": "What should another team know before this happens to them?",
    "contributingFactors": "What made it likelier, larger or longer, without being the cause?",
    "detection": "Who or what noticed first, how long after the start, and what should have noticed earlier?",
    "response": "How did people find each other, share what they knew and decide? What slowed them down?",
}


def _standard(
    key: str,
    *,
    title: str | None = None,
    required: bool | None = None,
    prompt: str | None = None,
    default_text: str | None = None,
) -> Section:
    """A standard section; what is not said is as in the product document."""
    return Section(
        key=key,
        title=title or TITLES[key],
        required=key in CORE if required is None else required,
        default_text=default_text,
        prompt=prompt or _PROMPTS[key],
    )


DEFAULT = Template(
    name="Default",
    description="Every standard section; six of them must be filled.",
    sections=tuple(_standard(key) for key in TITLES),
)

SRE = Template(
    name="Service reliability",
    description="For outages of a service that has objectives: detection, response and what the budget paid.",
    sections=(
        _standard("summary"),
        _standard("impact", prompt="Which objective was missed, for whom, for how long, and by how much?"),
        Section(
            "errorBudget",
            "Error budget",
            prompt="How much of the period's budget did this spend? What follows from that for planned releases?",
        ),
        _standard(TIMELINE),
        _standard(
            "detection",
            required=True,
            default_text="| Question | Answer |\n| --- | --- |\n| First sign, at | |\n| First person knew, at | |\n"
            "| Who or what noticed | |\n| Which signal was missing | |",
        ),
        _standard("response"),
        _standard("rootCause"),
        _standard("contributingFactors", required=True),
        _standard("resolution"),
        _standard(
            "lessonsLearned",
            required=True,
            default_text="### What held\n\n- \n\n### What gave way\n\n- \n\n### What was only luck\n\n- ",
        ),
        _standard(ACTION_ITEMS, prompt="Say of each whether it prevents, detects, shrinks or shortens."),
    ),
    fields=(
        CustomField(
            "severity",
            "Severity",
            FieldType.CHOICE,
            required=True,
            choices=("SEV1", "SEV2", "SEV3", "SEV4"),
            help="By what people felt, not by how hard it was to mend.",
        ),
        CustomField("budgetSpent", "Error budget spent (%)", FieldType.NUMBER),
        CustomField("incidentLead", "Incident lead", FieldType.PERSON),
    ),
)

SHORT = Template(
    name="Short",
    description="One page, for what was small and is understood.",
    sections=(
        _standard("summary", prompt="What happened, whom it hurt and how it ended, in one paragraph."),
        _standard("impact", prompt="One line with numbers."),
        _standard("rootCause", prompt="One cause, and what hid it."),
        _standard("resolution", required=False),
        _standard(TIMELINE, required=False, prompt="Start, first person, end; more where it explains something."),
        _standard(ACTION_ITEMS, prompt="At least one: otherwise, why write this?"),
    ),
)

SECURITY = Template(
    name="Security incident",
    description="For access, data or keys in the wrong hands. Keep it PRIVATE until it may be known.",
    sections=(
        _standard("summary", prompt="What was reached, by what way, until when. No secrets and no exploit steps."),
        _standard("impact", prompt="Which systems, accounts and data, and how sure are you of each?"),
        Section(
            "exposedData",
            "Exposed data",
            required=True,
            default_text="| Kind of data | Whose | How many | Seen, changed or taken | How we know |\n"
            "| --- | --- | --- | --- | --- |\n| | | | | |",
            prompt="Also say what was not exposed, and what shows it.",
        ),
        _standard(TIMELINE, prompt="From the first foothold, not from the first alert; mark what is an estimate."),
        _standard("detection", required=True, prompt="What gave it away, and which earlier traces went unread?"),
        _standard("rootCause", prompt="Which protection was missing, weak or not switched on, and since when?"),
        _standard("contributingFactors"),
        _standard(
            "resolution",
            title="Containment and recovery",
            default_text="### Contained\n\n- \n\n### Removed\n\n- \n\n### Keys and sessions renewed\n\n- \n\n"
            "### How we know that they are out\n\n- ",
        ),
        Section(
            "notices",
            "Who has to be told",
            required=True,
            prompt="Authorities, customers, partners, insurers: who, by when, by whom, and whether it is done.",
        ),
        _standard("response"),
        _standard(ACTION_ITEMS),
        _standard("lessonsLearned"),
    ),
    fields=(
        CustomField("personalData", "Personal data touched", FieldType.YES_NO, required=True),
        CustomField("recordsAffected", "Records affected", FieldType.NUMBER),
        CustomField(
            "entry",
            "Way in",
            FieldType.CHOICE,
            choices=(
                "Stolen credentials",
                "Software flaw",
                "Wrong configuration",
                "Somebody inside",
                "Supplier",
                "Unknown",
            ),
        ),
        CustomField("noticeDueOn", "First notice due on", FieldType.DATE, help="The earliest legal or agreed date."),
        CustomField("securityLead", "Security lead", FieldType.PERSON, required=True),
        CustomField("caseReference", "Case reference", FieldType.TEXT),
    ),
)

CUSTOMER = Template(
    name="Customer-facing",
    description="Written to be sent: plain words first, the inner workings after them.",
    sections=(
        _standard("summary", title="What happened", prompt="In the customer's words. No host names, no code names."),
        _standard("impact", title="What you may have noticed", prompt="What stopped, slowed or went wrong, and when."),
        Section(
            "customerMessage",
            "Message to customers",
            required=True,
            default_text="Hello,\n\nOn … between … and … UTC, …\n\nWe are sorry. What we have changed since: …\n\n"
            "What you need to do: nothing.",
            prompt="Say sorry once, promise only what has an owner and a date.",
        ),
        _standard("resolution", title="What we did"),
        _standard(TIMELINE, title="How it went"),
        _standard("rootCause", title="Why it happened"),
        _standard(ACTION_ITEMS, title="What we change", prompt="Only what you would tell a customer about."),
        _standard("detection"),
        _standard("lessonsLearned"),
    ),
    fields=(
        CustomField("affectedCustomers", "Affected customers", FieldType.NUMBER, required=True),
        CustomField("creditsOwed", "Credits owed", FieldType.YES_NO),
        CustomField("spokesperson", "Who speaks to customers", FieldType.PERSON),
        CustomField("sendBy", "Send by", FieldType.DATE),
    ),
)

STARTING_POINTS = {
    DEFAULT_ID: DEFAULT,
    "tpl_sre": SRE,
    "tpl_short": SHORT,
    "tpl_security": SECURITY,
    "tpl_customer": CUSTOMER,
}
"""By the ids under which they are put into an empty database."""
