"""Pages of attachments, exports, and imports."""
