"""``make screenshots``: every page in every status and for every role that sees something else, with a contact sheet.

Each page is loaded once for a role, made as wide as each of four windows, measured, and pictured, in light and in dark
colors. ``make screenshots ARGS="postmortem edit"`` pictures only pages whose names contain one of the words. The answer
is 1 if anything overlaps or lies outside of the window.
"""

import re
import shutil
import sys
import time
from collections.abc import Sequence
from html import escape

from tests.cli.running import ROOT
from tests.pages.pictures.access import PROVIDERS
from tests.pages.pictures.measuring import MEASURE
from tests.pages.pictures.views import SCHEMES, WIDTHS, View, new_scene
from tests.peers.browser import chromium
from tests.stack import shared_stack

FOLDER = ROOT / ".cache" / "screenshots"
COMBINATIONS = [(width, scheme) for scheme in SCHEMES for width in WIDTHS]
UNSTICK = "() => document.querySelectorAll('.savebar').forEach((one) => one.style.position = 'static')"
"""What sticks to the window's edge would lie in the middle of a picture of the whole page."""
STYLE = """
body { font: 14px system-ui, sans-serif; margin: 1rem; background: #777; } h2 { color: #fff; margin: 1.5rem 0 .3rem; }
div { display: flex; gap: .6rem; align-items: flex-start; overflow-x: auto; } figure { margin: 0; color: #fff; }
img { width: 220px; height: 300px; object-fit: cover; object-position: top; display: block; }
"""


def file_of(view: View, width: int, scheme: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", f"{view.name} {view.role} {width} {scheme}".lower()) + ".png"


def contact_sheet(views: Sequence[View]) -> str:
    rows = []
    for view in views:
        pictures = "".join(
            f'<figure><a href="{name}"><img loading="lazy" src="{name}" alt=""></a>{width} {scheme}</figure>'
            for width, scheme in COMBINATIONS
            for name in [file_of(view, width, scheme)]
        )
        rows.append(f"<h2>{escape(view.name)}, {escape(view.role)}</h2><div>{pictures}</div>")
    return f"<!doctype html><meta charset=utf-8><title>Screenshots</title><style>{STYLE}</style>{''.join(rows)}"


def main(words: Sequence[str]) -> int:
    began = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    faults: list[str] = []
    with shared_stack(settings=PROVIDERS | {"AFTERWORD_DEMO": "1"}) as stack, chromium() as browser:
        scene = new_scene(stack)
        views = [one for one in scene.views if not words or any(word in one.name for word in words)]
        for role in dict.fromkeys(one.role for one in views):
            with scene.signed_in(browser, role) as page:
                for view in (one for one in views if one.role == role):
                    page.set_viewport_size({"width": WIDTHS[-1], "height": 900})
                    scene.open(page, view)
                    for width, scheme in COMBINATIONS:
                        page.set_viewport_size({"width": width, "height": 900})
                        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                        if scheme == SCHEMES[0]:
                            faults += [f"{view.name}, {role}, {width}: {one}" for one in page.evaluate(MEASURE)]
                        page.evaluate(UNSTICK)
                        page.screenshot(path=FOLDER / file_of(view, width, scheme), full_page=True)
    (FOLDER / "index.html").write_text(contact_sheet(views))
    count, seconds = len(views) * len(COMBINATIONS), time.monotonic() - began
    print(f"{FOLDER / 'index.html'}: {len(views)} pages in {count} pictures, after {seconds:.0f} s")
    print("\n".join(faults) or "Nothing overlaps, and nothing lies outside of the window.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
