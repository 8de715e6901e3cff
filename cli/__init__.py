"""The front doors of the machine: the afterword command."""
