"""Reading an export again. The shapes are built only where it runs: that takes a while, and memory."""

from importlib import import_module

from domain.documents.importing.document import ReadDocument
from integrations.documents import opsgenie


def read_export(text: str, name: str) -> ReadDocument:
    """Of ours, or a postmortem that Opsgenie answered. Raises ValueError for what is neither."""
    if '"schemaVersion"' not in text and opsgenie.is_postmortem(text):
        return opsgenie.read_opsgenie(text, name)
    found: ReadDocument = import_module("integrations.documents.reading").read_export(text, name)
    return found
