"""A real Chromium for tests, without root: the headless build of an npm package, unpacked into the ignored cache.

The package ``@sparticuz/chromium`` carries the browser, the libraries that a bare machine lacks, and a font.
"""

import os
import platform
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.peers.npm import NODE, installed, once

expect.set_options(timeout=40_000)  # a busy machine takes its time; what never comes fails all the same
PACKAGE, VERSION = "@sparticuz/chromium", "153.0.0"
UNPACK = """
const {createReadStream, createWriteStream} = require("fs"), {createBrotliDecompress} = require("zlib");
createReadStream(process.argv[1]).pipe(createBrotliDecompress()).pipe(createWriteStream(process.argv[2]));
"""


def _unpack(into: Path) -> None:
    packed = installed(PACKAGE, VERSION) / "bin"
    for name in ("chromium", "al2023.tar", "fonts.tar"):
        subprocess.run([NODE, "-e", UNPACK, packed / f"{name}.br", into / name], check=True, timeout=120)
    for name in ("al2023.tar", "fonts.tar"):
        with tarfile.open(into / name) as tar:
            tar.extractall(into, filter="data")
    (into / "chromium").chmod(0o755)


@pytest.fixture(scope="module")  # while Playwright runs, its thread can run no other event loop
def browser() -> Iterator[Browser]:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip(f"{PACKAGE} is built for Linux on x86_64")
    with chromium() as one:
        yield one


@contextmanager
def chromium() -> Iterator[Browser]:
    folder = once(f"chromium-{VERSION}", _unpack)
    env = {**os.environ, "LD_LIBRARY_PATH": str(folder / "lib"), "FONTCONFIG_PATH": str(folder / "fonts")}
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=folder / "chromium", args=arguments, env=env)
        yield browser
        browser.close()
