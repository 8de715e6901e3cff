"""The rules: pure functions over facts. Standard library only; no clock, no dice; may be imported by every room."""
