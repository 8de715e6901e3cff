"""``python -m bench.archives [COUNT]``: imports that many Markdown documents, and exports them as an archive.

Tells the rate of each, and the most memory that the worker took meanwhile, its own and with its children.
"""

import io
import random
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import psutil

from tests.stack import Stack, running_stack

COUNT = 1000
WORDS = [
    "the",
    "pool",
    "of",
    "connections",
    "was",
    "exhausted",
    "and",
    "orders",
    "failed",
    "until",
    "someone",
    "raised",
    "its",
    "limit",
]


def document(number: int, dice: random.Random) -> str:
    def paragraph(words: int) -> str:
        return " ".join(dice.choices(WORDS, k=words)).capitalize() + "."

    events = "\n".join(f"- 2026-03-0{1 + number % 9} 09:{minute:02} {paragraph(8)}" for minute in range(12))
    items = "\n".join(f"- [ ] {paragraph(6)}" for _ in range(4))
    sections = "\n\n".join(f"## {one}\n\n{paragraph(120)}" for one in ("Summary", "Impact", "Root cause", "Resolution"))
    return (
        f"# Incident {number} of the archive\n\n{sections}\n\n## Timeline\n\n{events}\n\n## Action items\n\n{items}\n"
    )


def zipped(count: int) -> bytes:
    dice, target = random.Random(1), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"{number:05}.md", document(number, dice))
    return target.getvalue()


def followed(stack: Stack, path: str) -> tuple[Any, float, int, int]:
    """The job once it is over, its seconds, and the most MB of the worker alone and with its children."""
    client, worker = stack.client(), psutil.Process(stack.processes["worker"].pid)
    began, most, most_of_all = time.monotonic(), 0, 0
    while True:
        own = worker.memory_info().rss
        most, whole = max(most, own), own
        for child in worker.children(recursive=True):
            try:
                whole += child.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        most_of_all = max(most_of_all, whole)
        job = client.get(path).json()
        if job["state"] in {"DONE", "FAILED"}:
            return job, time.monotonic() - began, most // 1024**2, most_of_all // 1024**2
        time.sleep(0.2)


def told(what: str, found: tuple[Any, float, int, int]) -> None:
    job, seconds, own, whole = found
    rate = job["done"] / seconds
    print(
        f"{what}: {job['state']}, {job['done']} in {seconds:.0f} s, {rate:.1f} a second, {job['problems']} problems; ",
        end="",
    )
    print(f"worker {own} MB, with its children {whole} MB")


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder)) as stack:
        client = stack.client()
        made = client.post("/api/imports", files={"file": ("archive.zip", zipped(count))}).json()
        told("import", followed(stack, f"/api/imports/{made['id']}"))
        for formats in (["json", "md"], ["json", "md", "html", "pdf", "docx"]):
            asked = client.post("/api/exports", json={"scope": "ORGANIZATION", "formats": formats}).json()
            told(f"export as {', '.join(formats)}", followed(stack, f"/api/exports/{asked['id']}"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
