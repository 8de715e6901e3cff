"""What is the console tracker's own: a board in a file, shared by processes."""

import subprocess
import sys
from pathlib import Path

from integrations.registry import connect
from integrations.ticket import TicketChange, TicketDraft

ROOT = Path(__file__).parents[3]
WRITER = """
import sys
from integrations.registry import connect
from integrations.tracker import TicketDraft
tracker = connect("console", {"directory": sys.argv[1]}, {})
for number in range(20):
    tracker.create(TicketDraft(f"ai_{sys.argv[2]}_{number}", "T", "B"))
"""


def test_processes_share_a_board_without_losing_a_ticket(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, str(one)], cwd=ROOT) for one in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    tracker = connect("console", {"directory": str(tmp_path)}, {})
    found = [tracker.find(f"ai_{writer}_{number}") for writer in range(3) for number in range(20)]
    assert {ticket.key for ticket in found if ticket} == {f"DEMO-{number}" for number in range(1, 61)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["DEMO.json", "DEMO.lock"]


def test_a_file_survives_its_process(tmp_path: Path) -> None:
    config = {"directory": str(tmp_path)}
    made = connect("console", config, {}).create(TicketDraft("ai_1", "T", "B", labels=("x",)))
    changed = connect("console", config, {}).update(made.ref, TicketChange(title="U"))
    assert connect("console", config, {}).fetch(made.ref) == changed


def test_boards_are_strangers(tmp_path: Path) -> None:
    made = connect("console", {"project": "ONE"}, {}).create(TicketDraft("ai_1", "T", "B"))
    assert connect("console", {"project": "TWO"}, {}).find("ai_1") is None
    assert connect("console", {"project": "ONE", "directory": str(tmp_path)}, {}).find("ai_1") is None
    assert connect("console", {"project": "ONE"}, {}).find("ai_1") == made
