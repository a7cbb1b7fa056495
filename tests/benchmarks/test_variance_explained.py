from __future__ import annotations

import numpy as np
from variance_explained import explained, group_of, reachable


def test_columns_belong_to_groups() -> None:
    assert group_of("log_weights") == "size"
    assert group_of("activation_silu") == group_of("dropout") == "recipe"
    assert group_of("layers") == group_of("input_choice_patch") == "shape"
    assert group_of("assortativity") == group_of("degree_gini") == "wiring"


def test_what_decides_is_explained_and_noise_is_not() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((150, 2))
    share, error = explained(rows[:, :1], rows[:, 0] + 0.1 * rng.standard_normal(150), 2)
    assert share > 0.9 and 0.0 <= error < 0.05
    assert explained(rows[:, 1:], rows[:, 0], 2)[0] < 0.1


def test_the_share_that_is_not_noise_is_that_of_the_simulation() -> None:
    rng = np.random.default_rng(1)
    trainings = rng.standard_normal((20_000, 1)) + 0.5 * rng.standard_normal((20_000, 3))
    assert abs(reachable(trainings) - 1.0 / (1.0 + 0.25 / 3)) < 0.01
