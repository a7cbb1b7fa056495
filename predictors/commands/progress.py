"""Progress on a terminal: what is counted, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from predictors.tables.recipe import Progress as Counter


class Steps:
    """Counts of work that is done, by what it is; shown on stderr while it lasts, if that is a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def advance(self, what: str) -> None:
        """One more is done; how many there will be is not known."""
        self._progress.advance(self._task(what))

    def counter(self, what: str) -> Counter:
        """To be told how many are done, and of how many."""

        def count(done: int, total: int) -> None:
            self._progress.update(self._task(what), completed=done, total=total)

        return count

    def _task(self, what: str) -> TaskID:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=None)
        return self._tasks[what]


@contextmanager
def shown_steps() -> Iterator[Steps]:
    """Steps that are shown inside."""
    columns = SpinnerColumn(), TextColumn("{task.completed:.0f} {task.description}"), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Steps(progress)
