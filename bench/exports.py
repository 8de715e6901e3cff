"""``python -m bench.exports``: how long each format takes, for a usual postmortem and for one of 20 pages.

The writers alone, in this process, and through ``application.lone_work``, as the API runs them.
"""

import io
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import files

import anyio
from pypdf import PdfReader

from application.lone_work import run_alone
from domain.documents.document import Document
from domain.documents.formats import Format
from integrations.documents import writers
from tests.cli.running import ROOT
from tests.integrations.documents.samples import TEXT, sample, sections

TURNS = 7
MODULES = ("pdf", "word", "html", "markdown", "json")
PACKAGES = ("typst", "manimgx-fonts", "manimgx-fonts-cjk", "fontpkg-amiri", "python-docx", "lxml", "pyyaml")
WORDS = "The pool of connections was exhausted because two services shared a limit that nobody had raised. "


def usual() -> Document:
    """Some three pages of text."""
    return sample(TEXT + "\n" + 6 * WORDS)


def long() -> Document:
    """Some twenty pages."""
    text = "\n\n".join(f"{TEXT.split('[^1]:', maxsplit=1)[0]}\n\n" + "\n\n".join([5 * WORDS] * 6) for _ in range(5))
    return sample(sections=sections(summary=text, impact=text, rootCause=text, resolution=text))


def milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(TURNS):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def main() -> None:
    for name, document in (("usual", usual()), ("long", long())):
        pages = len(PdfReader(io.BytesIO(writers.write(Format.PDF, document, {}))).pages)
        print(f"{name}: {pages} pages")
        for kind in Format:
            alone = milliseconds(partial(writers.write, kind, document, {}))
            whole = milliseconds(partial(anyio.run, run_alone, writers.write, kind, document, {}))
            size = len(writers.write(kind, document, {}))
            print(f"  {kind}: writer {alone:.0f} ms, with its process {whole:.0f} ms, {size / 1024:.0f} kB")
    for module in MODULES:
        command = [sys.executable, "-c", f"import integrations.documents.{module}"]
        print(f"import {module}: {milliseconds(partial(subprocess.run, command, check=True, cwd=ROOT)):.0f} ms")
    for package in PACKAGES:
        size = sum(one.size or 0 for one in files(package) or ())
        print(f"{package}: {size / 1024**2:.1f} MB installed")


if __name__ == "__main__":
    main()
