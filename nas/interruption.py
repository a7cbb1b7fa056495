"""Ctrl-C and termination: the first asks a run to stop in good order, the second ends it at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType


class Interruption:
    """Catches SIGINT and SIGTERM while it is entered; for the main thread."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        """Take what to do at the first signal."""
        self._on_first = on_first
        self.signal: int | None = None

    def __enter__(self) -> Interruption:
        self._before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def is_set(self) -> bool:
        """Whether a signal came."""
        return self.signal is not None

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.signal is not None:
            raise KeyboardInterrupt
        self.signal = number
        self._on_first()
