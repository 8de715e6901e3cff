"""Reading an export again. The shapes are built only where it runs: that takes a while, and memory."""

from importlib import import_module

from domain.documents.importing.document import ReadDocument


def read_export(text: str, name: str) -> ReadDocument:
    """Raises ValueError for what is no JSON export of ours."""
    found: ReadDocument = import_module("integrations.documents.reading").read_export(text, name)
    return found
