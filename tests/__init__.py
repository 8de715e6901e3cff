"""The suite; mirrors the tree. A package, so that ``tests.peers`` can be imported as plugins."""
