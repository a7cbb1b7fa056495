"""What all commands share: errors as one line and an exit code, and the console."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from nas.errors import RunFailed, UsageError


@contextmanager
def one_line_errors(then: str = "go on with `nas resume`") -> Iterator[None]:
    """Turn errors that a user can mend into one line on stderr and an exit code; ``then``: after one of the disk."""
    try:
        yield
    except UsageError as error:
        print(f"nas: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except RunFailed as error:
        print(f"nas: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except OSError as error:
        print(f"nas: {error}. Make room or change the path, then {then}.", file=sys.stderr)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        print("nas: interrupted", file=sys.stderr)
        raise typer.Exit(130) from None


def plain_console() -> Console:
    """Where commands print: without markup and highlights."""
    return Console(highlight=False, markup=False)  # names and notes may hold brackets
