"""What watches the processes of a stack: the statements that they execute, and waits with a connection."""
