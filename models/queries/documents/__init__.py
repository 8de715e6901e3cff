"""SQL about attachments, exports, and imports."""
