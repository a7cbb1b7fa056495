from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import random_wiring

from nas.sparsify.schedules import change_steps, pruned_to, replaced_share
from search_spaces.sparse_training import FIRST_CHANGE, SparseTraining


@given(st.integers(1, 60), st.floats(0.05, 1.0), st.integers(2, 5000))
def test_changes_come_evenly_until_their_end(n_changes: int, until: float, total_steps: int) -> None:
    steps = change_steps(SparseTraining("pruned", "all", 0.5, n_changes, until), total_steps)
    assert steps == sorted(set(steps))
    assert len(steps) <= n_changes
    assert all(0 < step < total_steps for step in steps)
    if total_steps > 1000 and until > 0.3 and len(steps) > 1:
        assert len(np.unique(np.diff(steps))) <= 2
        assert steps[-1] == pytest.approx(min(until * total_steps, total_steps - 1), abs=total_steps / n_changes)


def test_pruning_follows_the_cubic_of_zhu_and_gupta() -> None:
    left = [pruned_to(1000, 100, progress) for progress in (0.0, 0.5, 0.9, 1.0)]
    assert left == [1000, 100 + 112, 100, 100]
    assert [replaced_share(0.3, progress) for progress in (0.0, 0.5, 1.0)] == pytest.approx([0.3, 0.15, 0.0])


@given(st.floats(0.05, 1.0), st.floats(0.05, 1.0), st.floats(0.03, 1.0))
def test_the_mean_of_the_weights_is_that_of_the_schedule(share: float, until: float, part: float) -> None:
    training = SparseTraining("pruned", "all", share, 1000, until)
    total = 100_000
    steps, last = change_steps(training, total), round(part * total)
    at = np.ones(last)
    for number, step in enumerate(steps, start=1):
        excess = (1.0 - number / len(steps)) ** 3
        at[step:] = excess
    if until > FIRST_CHANGE:
        assert training.mean_excess(part) == pytest.approx(at.mean(), abs=0.01)
    wiring = random_wiring(0)
    fewest = wiring.n_outputs * (wiring.depth + 1)
    assert training.weights_left(wiring) == max(int(np.ceil(share * wiring.n_weights - 1e-9)), fewest)
