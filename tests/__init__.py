"""The test suite. It mirrors the tree, and is a package so that ``tests.peers`` can be loaded as plugins."""
