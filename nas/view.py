"""A search as it is watched: one live line of progress, and what was found so far."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from nas.status import Status, score_of

SECONDS_A_LINE = 10.0  # where there is no terminal to draw on


class View:
    """Shows the status of a run on a terminal; prints a line now and then where there is none."""

    def __init__(self, console: Console, score_name: str) -> None:
        self._console = console
        self._score_name = score_name
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[time]}"), console=console
        )
        self._task = self._progress.add_task("starting", total=1.0, time="")
        self._live = Live(self._progress, console=console, refresh_per_second=4, transient=True)
        self._last_finding: tuple[str, int | None] | None = None
        self._last_line_s = 0.0

    def __enter__(self) -> View:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, status: Status) -> None:
        """Show a status."""
        self._progress.update(self._task, description=status.phase, completed=_share_done(status), time=_time(status))
        line = _findings(status, self._score_name)
        if self._console.is_terminal:
            self._live.update(Group(self._progress, Text(line)))
            return
        finding = (status.phase, status.best.number if status.best else None)
        if finding != self._last_finding or status.used_s >= self._last_line_s + SECONDS_A_LINE:
            self._console.print(f"{_time(status)}  {status.phase}, {line}", soft_wrap=True)
            self._last_finding, self._last_line_s = finding, status.used_s


def _share_done(status: Status) -> float:
    if status.budget_s is not None:
        return min(1.0, status.used_s / status.budget_s)
    return min(1.0, status.n_trials / status.trials) if status.trials else 0.0


def _time(status: Status) -> str:
    if status.budget_s is not None:
        return f"{_duration(max(0.0, status.budget_s - status.used_s))} left of {_duration(status.budget_s)}"
    if status.trials and status.n_trials:
        left = status.used_s / status.n_trials * (status.trials - status.n_trials)
        return f"{status.n_trials} of {status.trials} trials, about {_duration(left)} left"
    return _duration(status.used_s)


def _findings(status: Status, score_name: str) -> str:
    counts = status.counts
    line = (
        f"generation {status.generation}: {counts.trained} trained, {counts.stopped} stopped, "
        f"{counts.skipped} skipped, {counts.failed} failed"
    )
    if status.best is not None:
        n_weights, n_parameters = status.best.n_weights, status.best.n_parameters
        line += f"; best {score_name} {score_of(status.best):.4f} with {n_weights:,} weights"
        line += f" ({n_parameters:,} parameters)"
    return line


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
