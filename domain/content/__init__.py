"""Rules about sections, templates, revisions, and the Markdown that they hold."""
