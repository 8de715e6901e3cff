"""The JSON API of sections, templates, revisions, and the Markdown that they hold."""
