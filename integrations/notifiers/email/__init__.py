"""E-mail: messages sent by SMTP, and the mail that comes back because it could not be delivered."""

from integrations.notifiers.email.notifier import EmailNotifier

__all__ = ["EmailNotifier"]
