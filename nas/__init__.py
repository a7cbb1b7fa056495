"""Searching for small sparse networks: training engine, evolution, workers, records, and the command line."""

__version__ = "0.1.0"
