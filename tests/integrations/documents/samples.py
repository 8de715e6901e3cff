"""Documents to be written, made without a database."""

import struct
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from domain.access import Visibility
from domain.action_items.action_item import ActionItemStatus, LinkState, Priority
from domain.comments.comment import CommentKind
from domain.content.custom_fields import FieldType
from domain.content.default_templates import DEFAULT
from domain.content.templates import LISTS
from domain.documents.document import (
    Document,
    DocumentComment,
    DocumentEvent,
    DocumentField,
    DocumentIncident,
    DocumentItem,
    DocumentPerson,
    DocumentReviewer,
    DocumentSection,
    DocumentTemplate,
    DocumentTicket,
    Named,
)
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import ReviewerState
from domain.timeline.moments import Precision
from integrations.documents.texts import Image

NOW = datetime(2026, 11, 29, 13, 2, 3, tzinfo=UTC)


def _png(width: int, height: int) -> bytes:
    """A white picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * 3 * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


IMAGES = {"att_1": Image("image/png", _png(40, 20), 40, 20)}
SCRIPTS = {
    "Greek": "Χθες η πληρωμή απέτυχε",
    "Cyrillic": "Оплата не прошла",
    "Arabic": "فشل الدفع اليوم",
    "Hebrew": "התשלום נכשל היום",
    "Chinese": "支付系统发生故障",
    "Japanese": "支払いに失敗しました",
    "Korean": "결제가 실패했습니다",
    "Devanagari": "भुगतान विफल",
    "emoji": "🚒 ✅ 🔥",
}
TEXT = """The **checkout** *failed*, ~~twice~~, see #12, #13, `#12`, and <b>raw</b> https://example.com/x?a=1&b=2.

# What broke
### In detail

| step | action |
| --- | --- |
| 1 | Raised the limit |

- [x] alert
- [ ] find out
  1. nested
     > quoted

3. third
4. fourth

```py
print("#panic $x$ @foo \\\\ _a_")
```

![the graph](attachment:att_1) and ![elsewhere](https://elsewhere.example/x.png), a note[^1]

[^1]: Said later.
"""


def sections(**texts: str) -> tuple[DocumentSection, ...]:
    return tuple(
        DocumentSection(
            *(one.key, one.title, one.required, one.default_text, one.prompt),
            text=None if one.key in LISTS else texts.get(one.key, ""),
            revision=1,
            updated_at=NOW,
            updated_by_id="user_1",
        )
        for one in DEFAULT.sections
    )


def sample(text: str = TEXT, **more: Any) -> Document:
    """With ``text`` as its summary, and one of everything else."""
    return replace(_WHOLE, **{"sections": sections(summary=text), **more})


_TICKET = DocumentTicket(
    *("tkt_1", "int_1", "github", "acme/api#12", "https://github.com/acme/api/issues/12", "open", None),
    link_state=LinkState.OK,
    last_synced_at=NOW,
    pull_requests=(),
)
_ITEM = DocumentItem(
    id="ai_1",
    description="Alert at 80 %",
    details="Some *details*",
    owner_id="user_1",
    due_date=date(2026, 12, 1),
    priority=Priority.HIGH,
    status=ActionItemStatus.OPEN,
    overdue=True,
    justification=None,
    due_date_moves=0,
    snoozed_until=None,
    completed_at=None,
    created_at=NOW,
    updated_at=NOW,
    tickets=(_TICKET,),
)
_COMMENT = DocumentComment(
    *("cmt_1", None, "summary", None, CommentKind.COMMENT, "checkout", "user_1", "Why **so**?", None, None, NOW, NOW)
)
_WHOLE = Document(
    id="pm_1",
    version=3,
    number=17,
    title='The checkout failed: "all" of it',
    url="http://afterword.example/postmortems/pm_1",
    status=Status.PUBLISHED,
    visibility=Visibility.PRIVATE,
    exported_at=NOW,
    template=DocumentTemplate(None, None, "Default", None),
    sections=(),
    custom_fields=(
        DocumentField("budget", "Budget", FieldType.NUMBER, False, (), None, 12.5),
        DocumentField("lead", "Lead", FieldType.PERSON, False, (), None, "user_1"),
        DocumentField("legal", "Legal", FieldType.YES_NO, False, (), None, None),
    ),
    impact_metrics={"affectedUsers": 2300, "revenueImpact": {"amount": "12500.00", "currency": "USD"}},
    tags=("pool", "checkout"),
    root_cause_category="capacity",
    duration_minutes=45,
    services=(Named("svc_1", "payments-api"),),
    teams=(Named("team_1", "Payments"),),
    incidents=(DocumentIncident("inc_1", "pagerduty", "P1", "Outage", "RESOLVED", "HIGH", NOW, NOW),),
    author_id="user_1",
    editors=(),
    reviewers=(DocumentReviewer("user_2", ReviewerState.APPROVED, NOW),),
    participants=("user_1", "user_2"),
    reviews=(),
    targets=(),
    timeline=(
        DocumentEvent("evt_1", NOW, Precision.MINUTE, "Alert triggered", "DETECTION", "PagerDuty", "incident"),
        DocumentEvent("evt_2", NOW, Precision.DAY, "Called | Bob", "OTHER", None, "manual"),
    ),
    action_items=(_ITEM,),
    comments=(_COMMENT, replace(_COMMENT, id="cmt_2", parent_id="cmt_1", section=None, quote=None, body="Because.")),
    incident_resolved_at=NOW,
    draft_started_at=NOW,
    submitted_at=NOW,
    reviewed_at=NOW,
    published_at=NOW,
    archived_at=None,
    created_at=NOW,
    updated_at=NOW,
    people=(
        DocumentPerson("user_1", "Jane Doe", "jane", "jane@example.com"),
        DocumentPerson("user_2", "Bob Marsh", "bob", "bob@example.com"),
    ),
    links={12: "http://afterword.example/postmortems/pm_12"},
)
