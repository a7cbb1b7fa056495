from __future__ import annotations

import os
import signal

import pytest

from nas.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_the_second_ends(number: signal.Signals) -> None:
    asked: list[None] = []
    before = signal.getsignal(number)
    with Interruption(lambda: asked.append(None)) as interruption:
        assert not interruption.is_set() and interruption.signal is None
        os.kill(os.getpid(), number)
        assert interruption.is_set() and interruption.signal == number
        assert len(asked) == 1
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        assert len(asked) == 1
    assert signal.getsignal(number) is before


def test_a_second_signal_of_the_other_kind_ends_too_and_the_first_is_remembered() -> None:
    with Interruption(lambda: None) as interruption:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert interruption.signal == signal.SIGTERM


def test_signals_are_as_before_after_an_error() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(ZeroDivisionError), Interruption(lambda: None):
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
