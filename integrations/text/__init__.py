"""Rich text: one tree of blocks, read from Markdown and written as Markdown, that every vendor's own format shares."""
