"""The templates that an organisation begins with: the default one, and four for people to use, change or copy."""

from domain.content.custom_fields import CustomField, FieldType
from domain.content.templates import ACTION_ITEMS, CORE, TIMELINE, TITLES, Section, Template

DEFAULT_ID = "tpl_default"

_PROMPTS = {
    "summary": (
        "Two or three sentences for someone who wasn't there: what happened, who was affected, and how it ended."
    ),
    TIMELINE: "One line per event, in UTC: who acted, what they saw, what they decided and why, including dead ends.",
    "impact": "Use numbers: minutes, users, failed requests, revenue, missed SLAs, support tickets.",
    "rootCause": "Three parts: what failed, why it failed, and why it wasn't caught. Name systems, not people.",
    "resolution": "A table of Step, Action and Result: what you did, in order, and how you knew that it worked.",
    ACTION_ITEMS: (
        "What will make this less likely, smaller, or shorter next time. Each needs one owner and one due date."
    ),
    "lessonsLearned": "Three lists: what went well, what could be improved, and where we got lucky.",
    "contributingFactors": "What made it more likely, larger, or longer, without being the root cause?",
    "detection": "Who or what noticed it first, how long after the start, and what should have noticed it earlier?",
    "response": "How did people coordinate, share what they knew, and decide? What slowed them down?",
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
    description="All standard sections. Six of them are required.",
    sections=tuple(_standard(key) for key in TITLES),
)

SRE = Template(
    name="Service reliability",
    description="For outages of services with SLOs: detection, response, and error budget.",
    sections=(
        _standard("summary"),
        _standard("impact", prompt="Which SLO was missed, for whom, for how long, and by how much?"),
        Section(
            "errorBudget",
            "Error budget",
            prompt="How much of the period's error budget did this use? What does that mean for planned releases?",
        ),
        _standard(TIMELINE),
        _standard(
            "detection",
            required=True,
            default_text="| Question | Answer |\n| --- | --- |\n| First sign at | |\n| First person noticed at | |\n"
            "| Detected by | |\n| Missing signal | |",
        ),
        _standard("response"),
        _standard("rootCause"),
        _standard("contributingFactors", required=True),
        _standard("resolution"),
        _standard(
            "lessonsLearned",
            required=True,
            default_text="### What worked\n\n- \n\n### What failed\n\n- \n\n### Where we got lucky\n\n- ",
        ),
        _standard(
            ACTION_ITEMS, prompt="For each, note whether it prevents, detects, limits, or shortens such an incident."
        ),
    ),
    fields=(
        CustomField(
            "severity",
            "Severity",
            FieldType.CHOICE,
            required=True,
            choices=("SEV1", "SEV2", "SEV3", "SEV4"),
            help="Rate the effect on users, not the effort to fix it.",
        ),
        CustomField("budgetSpent", "Error budget used (%)", FieldType.NUMBER),
        CustomField("incidentLead", "Incident lead", FieldType.PERSON),
    ),
)

SHORT = Template(
    name="Short",
    description="One page, for small incidents that are well understood.",
    sections=(
        _standard("summary", prompt="What happened, who was affected, and how it ended, in one paragraph."),
        _standard("impact", prompt="One line with numbers."),
        _standard("rootCause", prompt="The root cause, and why it went unnoticed."),
        _standard("resolution", required=False),
        _standard(
            TIMELINE, required=False, prompt="Start, first response, and end. Add more if it explains something."
        ),
        _standard(ACTION_ITEMS, prompt="At least one."),
    ),
)

SECURITY = Template(
    name="Security incident",
    description="For unauthorized access, exposed data, or leaked keys. Keep it private until you can disclose it.",
    sections=(
        _standard("summary", prompt="What was accessed, how, and until when. Leave out secrets and exploit steps."),
        _standard("impact", prompt="Which systems, accounts, and data were affected, and how sure are you?"),
        Section(
            "exposedData",
            "Exposed data",
            required=True,
            default_text="| Data | Owner | Records | Viewed, changed, or copied | Evidence |\n"
            "| --- | --- | --- | --- | --- |\n| | | | | |",
            prompt="Also state what wasn't exposed, and how you know.",
        ),
        _standard(TIMELINE, prompt="Start with the first access, not with the first alert. Mark estimates."),
        _standard("detection", required=True, prompt="What revealed it, and which earlier signs were missed?"),
        _standard("rootCause", prompt="Which protection was missing, weak, or turned off, and since when?"),
        _standard("contributingFactors"),
        _standard(
            "resolution",
            title="Containment and recovery",
            default_text="### Contained\n\n- \n\n### Removed\n\n- \n\n### Keys and sessions rotated\n\n- \n\n"
            "### How we know that access has ended\n\n- ",
        ),
        Section(
            "notices",
            "Required notifications",
            required=True,
            prompt=(
                "Authorities, customers, partners, insurers: who to notify, by when, who does it, and"
                " whether it is done."
            ),
        ),
        _standard("response"),
        _standard(ACTION_ITEMS),
        _standard("lessonsLearned"),
    ),
    fields=(
        CustomField("personalData", "Personal data affected", FieldType.YES_NO, required=True),
        CustomField("recordsAffected", "Records affected", FieldType.NUMBER),
        CustomField(
            "entry",
            "Attack vector",
            FieldType.CHOICE,
            choices=(
                "Stolen credentials",
                "Software vulnerability",
                "Misconfiguration",
                "Insider",
                "Supplier",
                "Unknown",
            ),
        ),
        CustomField(
            "noticeDueOn",
            "First notification due on",
            FieldType.DATE,
            help="The earliest legal or contractual deadline.",
        ),
        CustomField("securityLead", "Security lead", FieldType.PERSON, required=True),
        CustomField("caseReference", "Case reference", FieldType.TEXT),
    ),
)

CUSTOMER = Template(
    name="Customer-facing",
    description="Written to share with customers: plain language first, technical details after it.",
    sections=(
        _standard(
            "summary", title="What happened", prompt="In the customer's words. Leave out host names and code names."
        ),
        _standard(
            "impact", title="What you may have noticed", prompt="What stopped, slowed down, or went wrong, and when."
        ),
        Section(
            "customerMessage",
            "Message to customers",
            required=True,
            default_text="Hello,\n\nOn … between … and … UTC, …\n\nWe are sorry. What we have changed since: …\n\n"
            "What you need to do: nothing.",
            prompt="Apologize once, and promise only what has an owner and a due date.",
        ),
        _standard("resolution", title="What we did"),
        _standard(TIMELINE, title="How it went"),
        _standard("rootCause", title="Why it happened"),
        _standard(ACTION_ITEMS, title="What we're changing", prompt="Only what you would share with a customer."),
        _standard("detection"),
        _standard("lessonsLearned"),
    ),
    fields=(
        CustomField("affectedCustomers", "Affected customers", FieldType.NUMBER, required=True),
        CustomField("creditsOwed", "Service credits due", FieldType.YES_NO),
        CustomField("spokesperson", "Customer contact", FieldType.PERSON),
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
