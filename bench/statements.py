"""``python -m bench.statements``: the statements of each command, as PostgreSQL itself logs them; ``-v`` lists them."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.api import writing
from tests.stack import Stack, running_stack
from tests.watching.statement_log import StatementLog


def report(log: StatementLog, what: str, work: Callable[[], Any]) -> None:
    taken = log.taken(work)
    print(f"{what:<28} door {len(taken.door):3}   workflow {len(taken.workflow):3}", flush=True)
    if "-v" in sys.argv:
        for name, ran in (("door", taken.door), ("workflow", taken.workflow)):
            print("\n".join(f"    {name:<10} {one[:240]}" for one in ran))


def measure(stack: Stack) -> None:
    log, author, reviewer = StatementLog(stack), stack.person(), stack.person()
    path = f"/api/postmortems/{writing.ready(author, [reviewer])['id']}"
    item = {"description": "Alert", "ownerId": author.id, "dueDate": "2030-01-01", "priority": "HIGH"}
    at = f"/api/action-items/{writing.ok(author.post(f'{path}/action-items', json=item), 201)['id']}"
    changes, approve = {"dueDate": "2030-02-01", "reason": "Later."}, {"decision": "APPROVE", "comment": "Good."}
    report(log, "create a postmortem", lambda: author.post("/api/postmortems", json={"title": "Down"}))
    report(log, "add an action item", lambda: author.post(f"{path}/action-items", json=item))
    report(log, "change an action item", lambda: author.patch(at, json=changes))
    report(log, "submit", lambda: author.post(f"{path}/submit", json={}))
    report(log, "approve", lambda: reviewer.post(f"{path}/reviews", json=approve))
    report(log, "publish", lambda: author.post(f"{path}/publish"))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder, running_stack(Path(folder) / "home") as stack:
        measure(stack)


if __name__ == "__main__":
    main()
