"""Reconciling many tickets takes pages, not one call per ticket. The vendor is on a socket, the database is real."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text
from temporalio.testing import ActivityEnvironment

from activities.tickets import merging
from activities.tickets.reconciliation import ReadPage, ReconciliationActivities
from application.postmortems import opening
from application.postmortems.opening import NewPostmortem
from integrations import registry
from integrations.ticket import TicketRef
from integrations.tracker import Tracker
from models.action_item import ActionItem, Ticket
from models.integration import Integration
from models.keyring import Keyring
from models.queries.escalation import policies
from models.session import Sessions, make_engine, make_sessions
from tests.nightly import tried
from tests.peers.judges import complaints
from tests.peers.tracker_peer import TrackerPeer
from tests.sync.scene import peer_classes

LINKED = int(os.environ.get("AFTERWORD_LINKED", tried(1000, 5000)))
"""With 5000, by night, sixty calls are the most."""
BUDGET = 10 + LINKED // 100
DRIFTED = 3
KEYRING = Keyring("many")
BATCH = 500


async def fill(sessions: Sessions, peer: TrackerPeer, tracker: Tracker, mark: str) -> None:
    """As many items as the peer has tickets, each linked, and both sides alike."""
    refs = [TicketRef(one.external_id, one.key) for one in peer.tickets()]
    told = {one.external_id: one for one in tracker.read_many(refs)}
    now = datetime.now(UTC)
    async with sessions.begin() as session:
        await policies.ensure_default_policy(session)
        new = NewPostmortem(f"pm_{mark}", "Many", None, started_by_person=False)
        assert await opening.open_postmortem(session, None, new, now)
        secrets = KEYRING.seal(dict(peer.secrets))
        row = Integration(id=f"int_{mark}", kind=peer.kind, name="m", config=dict(peer.config), secrets=secrets)
        session.add(row)
        await session.flush()
        items, links = [], []
        for number, ref in enumerate(refs):
            ticket = told[ref.external_id]
            item = {"id": f"ai_{mark}{number:05}", "postmortem_id": new.id, "description": ticket.title}
            items.append(item | {"workflow_started": True, "due_on_moves": 0, "status": "OPEN", "priority": "HIGH"})
            said = {
                name.value: {"ours": value, "theirs": value, "seen": True}
                for name, value in merging.values_of(ticket).items()
            }
            pushed = {"title": ticket.title, "body": "", "status": "OPEN", "assignee": None, "due": None}
            links.append(
                {
                    "id": f"tkt_{mark}{number:05}",
                    "action_item_id": item["id"],
                    "integration_id": row.id,
                    "tracker": peer.kind,
                    "external_id": ref.external_id,
                    "key": ref.key,
                    "link_state": "ok",
                    "seen_at": ticket.updated_at,
                    "base": said,
                    "pushed": pushed | {"priority": "HIGH"},
                }
            )
        await session.execute(text("set local session_replication_role = replica"))  # no search documents
        for start in range(0, len(items), BATCH):
            await session.execute(insert(ActionItem), items[start : start + BATCH])
            await session.execute(insert(Ticket), links[start : start + BATCH])


async def reconcile(sessions: Sessions, integration_id: str) -> tuple[int, int, int]:
    """Tickets read, healed, and calls, as the workflow counts them."""
    work = ReconciliationActivities(sessions, KEYRING, "http://x")
    after: str | None = ""
    read = healed = calls = 0
    while after is not None:
        page = await ActivityEnvironment().run(work.reconcile_page, ReadPage(integration_id, after))
        after, read, healed, calls = page.after, read + page.read, healed + page.healed, calls + page.calls
    return read, healed, calls


@pytest.mark.parametrize("kind", sorted(peer_classes()))
def test_linked_items_are_read_in_pages(kind: str, database: str) -> None:
    if LINKED / registry.tracker(kind).page_size > BUDGET:
        pytest.fail(f"{kind} reads {registry.tracker(kind).page_size} to a page")
    peer, mark = peer_classes()[kind](), uuid4().hex[:8]

    async def play() -> None:
        engine = make_engine(database)
        sessions = make_sessions(engine)
        for number in range(LINKED):
            peer.open(f"Ticket {number}", "")
        with registry.connect(kind, peer.config, peer.secrets) as tracker:
            await fill(sessions, peer, tracker, mark)
        peer.requests.clear()
        first = await reconcile(sessions, f"int_{mark}")
        asked = len(peer.requests)
        drifted = [one.external_id for one in peer.tickets()[:: LINKED // DRIFTED]][:DRIFTED]
        later = max(one.updated_at for one in peer.tickets()) + timedelta(seconds=1)  # GitHub tells whole seconds
        await asyncio.sleep((later - datetime.now(UTC)).total_seconds())
        for one in drifted:
            peer.edit(one, title="Nobody told us")
        second = await reconcile(sessions, f"int_{mark}")
        async with sessions.begin() as session:
            found = select(ActionItem.id).where(
                ActionItem.postmortem_id == f"pm_{mark}", ActionItem.description == "Nobody told us"
            )
            healed = len(list((await session.execute(found)).scalars()))
        await engine.dispose()
        print(f"\n{kind}: {LINKED} linked tickets reconciled with {asked} calls")  # noqa: T201
        assert (first[0], first[1]) == (LINKED, 0)
        assert asked <= BUDGET
        assert (second[0], second[1], healed) == (LINKED, DRIFTED, DRIFTED)

    with peer.running():
        asyncio.run(play())
    assert not complaints(peer)
