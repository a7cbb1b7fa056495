"""How messages show what stands in a user's file."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

SHOWN_CHARACTERS = 40


def quoted(text: str) -> str:
    """Text from a file, on one line, in quotes, at most 40 characters of it."""
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 3] + "..."
    printable = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f'"{"".join(printable)}"'


def listed(names: Sequence[str], limit: int = 8) -> str:
    """Names in quotes: the first ``limit``, then how many more there are."""
    shown = ", ".join(quoted(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The known name that is nearest to a wrong one, as the end of a message; else all of them."""
    near = get_close_matches(name, known, n=1)
    return f"did you mean {quoted(near[0])}?" if near else f"there are {listed(known)}."
