"""Tests that look at every page by night, and by day each at a share of its own: together at every page once."""

from tests.nightly import spread
from tests.pages.pictures.views import SCHEMES, WIDTHS, Scene, View

LAYOUT_WIDTHS = (*WIDTHS, 740, 900)
WINDOWS = ((1440, 900, 1), (390, 844, 1), (640, 450, 2))
"""Width, height, and scale: 640 pixels are a window of 1,280 at a zoom of 200 %."""
SWEEPS = (
    *(f"axe {one}" for one in SCHEMES),
    *(f"layout {one}" for one in LAYOUT_WIDTHS),
    *(f"quiet {width}" for width, _, _ in WINDOWS),
)


def share(scene: Scene, role: str, sweep: str) -> list[View]:
    """What one of :data:`SWEEPS` opens of that role's pages."""
    return spread([one for one in scene.views if one.role == role], len(SWEEPS), offset=SWEEPS.index(sweep))
