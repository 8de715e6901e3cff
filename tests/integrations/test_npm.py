"""The peers themselves: without npm the suite fails, and says why."""

from pathlib import Path

import pytest

from tests.peers import npm


def test_a_registry_out_of_reach_fails_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npm, "CACHE", tmp_path)
    monkeypatch.setenv("npm_config_offline", "true")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    with pytest.raises(pytest.fail.Exception, match=r"npm install emulate@0.12.2 failed; these tests need it once"):
        npm.installed("emulate", "0.12.2")
    with pytest.raises(pytest.fail.Exception, match=r"npm pack emulate@0.12.2 failed; these tests need it once"):
        npm.packed_file("emulate", "0.12.2", "LICENSE")
    assert not [path for path in tmp_path.glob("emulate*") if path.is_dir() and path.suffix != ".draft"]
