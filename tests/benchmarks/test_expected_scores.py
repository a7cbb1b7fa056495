from __future__ import annotations

from pathlib import Path

import numpy as np
from expected_scores import agreement, compared
from small_runs import search


def test_the_agreement_is_perfect_with_the_worth_itself_and_opposite_with_its_negative() -> None:
    worth = np.random.default_rng(0).random(40)
    assert agreement(worth, worth, worth) == (1.0, 1.0, worth.max())
    assert agreement(-worth, worth, worth) == (-1.0, -1.0, worth.min())


def test_the_candidates_of_a_run_are_trained_and_compared(tmp_path: Path) -> None:
    end = search(tmp_path, "mine", search__trials=16, training__epochs=20)
    n_candidates, of_kinds, best = compared(end.directory)
    assert 1 < n_candidates < 16
    assert of_kinds.keys() == {"validation", "expected"}
    assert all(0.3 < pick <= best <= 1.0 for _, _, pick in of_kinds.values())
