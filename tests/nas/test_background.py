from __future__ import annotations

import threading

import pytest

from nas.background import begin


def test_a_call_goes_on_beside_its_caller_and_gives_its_result() -> None:
    may_end = threading.Event()

    def waited(value: int) -> int:
        assert may_end.wait(60)
        return value + 1

    future = begin(waited, 1)
    assert not future.done()
    may_end.set()
    assert future.result(60) == 2


def test_what_it_raises_is_raised_by_the_result() -> None:
    def broken() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        begin(broken).result(60)


def test_it_does_not_keep_the_process_from_ending() -> None:
    daemons: list[bool] = []
    begin(lambda: daemons.append(threading.current_thread().daemon)).result(60)
    assert daemons == [True]
