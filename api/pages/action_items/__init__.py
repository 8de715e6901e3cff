"""Action items: their list and board, changing several at once, and the page of one."""
