"""Use cases of attachments, exports, and imports."""
