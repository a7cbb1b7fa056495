"""The result of a run: a JSON file for programs, tables for people."""
