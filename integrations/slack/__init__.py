"""Slack: its API, the requests that it sends us, messages and dialogs, its text format, and exports of channels.

The channel that sends our messages is ``integrations.notifiers.slack``.
"""
