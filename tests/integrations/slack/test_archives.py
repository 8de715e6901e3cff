"""Damaged, encrypted and bursting archives, in every compression: a refusal, never an error of zipfile."""

import contextlib
import io
import json
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Malformed
from integrations.slack.export import read_export

DAY = json.dumps([{"ts": "1763622000.000100", "text": "Alert " * 200, "user": "U1", "is_starred": True}]).encode()
METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
UNKNOWN = {"shrunk": 1, "imploded": 6, "deflate64": 9, "zstandard": 93, "xz": 95, "ppmd": 98, "aes": 99}


def archive(method: int, content: bytes = DAY) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as one:
        one.writestr("general/2026-11-20.json", content)
    return made.getvalue()


def marked(data: bytes, *, method: int | None = None, flags: int = 0) -> bytes:
    """With another method, or other flags, in both headers of the only member."""
    changed = bytearray(data)
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(signature) + at
        struct.pack_into("<H", changed, place, struct.unpack_from("<H", changed, place)[0] | flags)
        if method is not None:
            struct.pack_into("<H", changed, place + 2, method)
    return bytes(changed)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_an_archive_of_every_compression_is_read(method: int) -> None:
    assert len(read_export([("export.zip", archive(method))]).messages) == 1


@pytest.mark.parametrize("method", UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_compression_is_refused(method: int) -> None:
    with pytest.raises(Malformed):
        read_export([("export.zip", marked(archive(zipfile.ZIP_DEFLATED), method=method))])


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("flags", [0x1, 0x40, 0x20, 0x2000], ids=["encrypted", "strong", "patched", "masked"])
def test_an_encrypted_archive_is_refused(method: int, flags: int) -> None:
    with pytest.raises(Malformed):
        read_export([("export.zip", marked(archive(method), flags=0x1 | flags))])


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_an_archive_that_would_burst_is_refused(method: int) -> None:
    with pytest.raises(Malformed, match="malformed"):
        read_export([("export.zip", archive(method, b" " * 60_000_000))])


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@given(data=st.data())
def test_damage_is_refused_or_makes_no_difference(method: int, data: st.DataObject) -> None:
    damaged = bytearray(archive(method))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(2, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    shown = bytes(damaged[: data.draw(st.integers(4, len(damaged)))])
    with contextlib.suppress(Malformed):
        read_export([("export.zip", shown)])
