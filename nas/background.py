"""A call in a thread beside the main one, which does not keep the process from ending."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from pebble.concurrent import thread


def begin(function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Begin a call; the future has its result, or what it raised."""
    future: Future[Any] = thread(daemon=True)(function)(*arguments)
    return future
