"""The JSON API of attachments, exports, and imports."""
