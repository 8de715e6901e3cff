"""People who receive mails, as ``tests/workflows`` has them."""

from tests.workflows.conftest import box, database_url, mail, room

__all__ = ["box", "database_url", "mail", "room"]
