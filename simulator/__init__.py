"""Backwater's simulator: a library and command line that simulates AWS messaging architectures."""

__version__ = "0.1.0"
