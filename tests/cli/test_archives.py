"""``afterword export`` and ``afterword import``, without a worker's help."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from uuid import uuid4

from tests.api.writing import draft, ok
from tests.cli.running import ROOT
from tests.stack import Stack


def refused(stack: Stack, *words: str) -> str:
    command = [sys.executable, "-m", "cli.main", *words]
    done = subprocess.run(command, cwd=ROOT, env=stack.environment(), check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    return done.stderr


def test_from_one_command_to_the_other(stack: Stack, tmp_path: Path) -> None:
    admin, mark = stack.person("ADMIN"), uuid4().hex[:8]
    handle = ok(admin.get("/api/me"))["handle"]
    made = draft(stack.person(), title=f"By command {mark}", visibility="PRIVATE")
    target = tmp_path / "all.zip"
    said = stack.run(f"export {target} --format json --as {handle}")
    assert " of " in said
    with zipfile.ZipFile(target) as archive:
        told = {one["id"]: one for one in json.loads(archive.read("index.json"))["postmortems"]}
        content = archive.read(f"{told[made['id']]['folder']}/postmortem.json")
    single = tmp_path / "postmortem.json"
    single.write_bytes(content)
    dry = stack.run(f"import {single} --dry-run --as {handle}")
    assert "1 of 1" in dry
    assert len(ok(admin.get("/api/postmortems", params={"q": mark}))["items"]) == 1
    said = stack.run(f"import {single} --as {handle}")
    found = ok(admin.get("/api/postmortems", params={"q": mark}))["items"]
    assert {one["title"] for one in found} == {f"By command {mark}"}
    assert len(found) == 2
    import_id = said.strip().rpartition("/")[2]
    job = ok(admin.get(f"/api/imports/{import_id}"))
    assert (job["state"], job["createdBy"], job["dryRun"]) == ("DONE", admin.id, False)


def test_who_may_not_and_what_can_not(stack: Stack, tmp_path: Path) -> None:
    member = ok(stack.person().get("/api/me"))["handle"]
    target = tmp_path / "all.zip"
    assert "isn't an administrator" in refused(stack, "export", str(target), "--as", member)
    assert "no active person called 'nobody'" in refused(stack, "export", str(target), "--as", "nobody")
    assert "'txt' isn't a format" in refused(stack, "export", str(target), "--format", "txt")
    assert not target.exists()
    single = tmp_path / "a.md"
    single.write_text("# A")
    assert "isn't an administrator" in refused(stack, "import", str(single), "--as", member)
