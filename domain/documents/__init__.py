"""Postmortems as documents: attachments, exports, and imports."""
