"""Fields that several forms of the settings have."""

from collections.abc import Mapping

from api.shapes.base import expected_version, zones


def sent_version(form: Mapping[str, str]) -> int | None:
    """The version that the form was shown with. Raises Malformed."""
    version = form.get("version", "")
    return expected_version(f'"{version}"') if version else None


def zone_names(current: str = "") -> list[str]:
    """Time zones to choose from, among them the current one even if it is known no longer."""
    return sorted(zones() | ({current} if current else set()))
