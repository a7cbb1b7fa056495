"""Everything that can go wrong in a way a user should read about.

SparsewrightError
├── UsageError            exit code 2: one line on stderr says what to change
│   ├── DataError
│   ├── ConfigError
│   ├── RunError
│   └── BudgetError
└── RunFailed             exit code 1
    └── CheckpointError

A message is one line that says what is wrong, where, the value, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence

SHOWN_CHARACTERS = 40


class SparsewrightError(Exception):
    """Any failure that is reported by its message, never by a traceback."""


class UsageError(SparsewrightError):
    """The command cannot be carried out as it was given; the command line exits with code 2."""


class DataError(UsageError):
    """The data cannot be read, or cannot be learned from."""


class ConfigError(UsageError):
    """An option or a configuration file has an unknown key or a value out of range."""


class RunError(UsageError):
    """The named run exists already, is not there, or is held by another process."""


class BudgetError(UsageError):
    """The budget is too small for a search of this data."""


class RunFailed(SparsewrightError):
    """A run that was started could not go on; the command line exits with code 1."""


class CheckpointError(RunFailed):
    """A file of a run is damaged, or was written by an incompatible version."""


def quoted(text: str) -> str:
    """Text from a file as a message shows it: on one line, in quotes, at most 40 characters of it."""
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 3] + "..."
    printable = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f'"{"".join(printable)}"'


def listed(names: Sequence[str], limit: int = 10) -> str:
    """Names as a message lists them: the first ``limit``, then how many more there are."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def counted(count: int, noun: str) -> str:
    """A count with its noun: "1 row", "2 rows"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
