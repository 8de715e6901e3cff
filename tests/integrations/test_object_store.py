"""The object store over a folder and over S3, which moto's server stands for."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from domain.errors import StorageUnavailable
from integrations.object_store import ObjectStore, StoreMisconfigured

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of moto's own imports


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name in [one for one in os.environ if one.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = {"ENDPOINT_URL": f"http://{host}:{port}", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}
    for name, value in {**settings, "REGION": "us-east-1", "ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="files")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["folder", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return (tmp_path / "a folder").as_uri()
    request.getfixturevalue("s3")
    return "s3://files/afterword"


def test_what_is_put_is_there_until_it_is_deleted(address: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(9 * 1024 * 1024))  # S3 takes it in parts

    async def use() -> None:
        store = ObjectStore(address)
        for _ in range(2):
            await store.put("attachments/att_1", source)
        await store.put("attachments/att_2", b"second")
        found = await store.open("attachments/att_1")
        assert found is not None
        pieces = [one async for one in found.pieces]
        assert (b"".join(pieces), found.size) == (source.read_bytes(), source.stat().st_size)
        assert max(map(len, pieces)) < source.stat().st_size
        for _ in range(2):
            await store.delete("attachments/att_1")
        assert await store.open("attachments/att_1") is None
        assert await store.read("attachments/att_2") == b"second"

    asyncio.run(use())


def test_a_store_that_is_away(s3: ThreadedMotoServer, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")

    async def use() -> None:
        store = ObjectStore("s3://no-such-bucket/afterword")
        with pytest.raises(StorageUnavailable):
            await store.put("attachments/att_1", source)
        s3.stop()
        for work in (store.put("attachments/att_1", source), store.open("attachments/att_1"), store.delete("x")):
            with pytest.raises(StorageUnavailable):
                await work

    asyncio.run(use())


@pytest.mark.parametrize(
    "address", ["objects", "memory:///", "ftp://host/folder", "file:///proc/nowhere/objects", "s3://"]
)
def test_an_address_that_cannot_be_used(address: str) -> None:
    with pytest.raises(StoreMisconfigured, match="AFTERWORD_OBJECT_STORE"):
        ObjectStore(address)
