"""An older database finds words with accents, and words of scripts that are written without blanks."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from models.escalation import DEFAULT_POLICY_ID
from tests.migrations.test_history import OldData
from tests.servers import servers

BEFORE = "0022"
POSTMORTEM = text(
    "insert into postmortem (id, content_revision, status, title, impact_metrics, custom_fields, tags, policy_id,"
    " policy_version, publish_on_approval, workflow_started)"
    " values (:id, 1, 'DRAFT', :title, '{}', '{}', '{}', :policy, 1, false, true)"
)
SECTION = text("insert into section (postmortem_id, name, body, revision) values (:id, 'impact', :body, 1)")
EVENT = text(
    "insert into timeline_event (id, postmortem_id, at, event, type, source, precision)"
    " values (:id, :postmortem, now(), :event, 'OTHER', 'manual', 'MINUTE')"
)
FINDS = "select postmortem_id from search_document where words @@ websearch_to_tsquery('english', :words)"


@pytest.fixture(scope="module")
def old() -> Iterator[OldData]:
    one = OldData(servers().database("template0"))
    one.upgrade(BEFORE)
    write = one.database.write
    for place in range(150):
        write(POSTMORTEM, id=f"pm{place:03}", title=f"Titel {place} \u00fcber", policy=DEFAULT_POLICY_ID)
    write(POSTMORTEM, id="plain", title="Plain", policy=DEFAULT_POLICY_ID)
    write(SECTION, id="pm149", body="\u6c7a\u6e08\u969c\u5bb3\u306e\u5831\u544a")
    write(EVENT, id="event", postmortem="pm100", event="Le caf\u00e9 br\u00fble")
    write(SECTION, id="plain", body="nothing of the kind")
    one.upgrade("head")
    yield one
    one.database.close()


@pytest.mark.parametrize(
    ("words", "count"), [("\u969c\u5bb3", 1), ("cafe", 1), ("brule", 1), ("uber", 150), ("kind", 1)]
)
def test_earlier_texts_are_found(old: OldData, words: str, count: int) -> None:
    assert len(old.database.rows(text(FINDS).bindparams(words=words))) == count
