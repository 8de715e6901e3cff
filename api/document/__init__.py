"""The OpenAPI document: what FastAPI writes, completed with names, headers, errors, descriptions, and examples.

``api.app`` installs it. Each module here completes one kind of thing, for all operations in the same way.
"""
