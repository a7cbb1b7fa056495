from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.results.dense_networks import (
    ACTIVATIONS,
    HIDDEN_UNITS,
    LAYERS,
    RATES,
    dense_contests,
    dense_wiring,
    equal_width,
    n_dense_weights,
)


@settings(deadline=None)
@given(st.lists(st.integers(1, 5), min_size=3, max_size=5).map(tuple))
def test_a_dense_network_has_every_edge_between_neighbouring_layers(widths: tuple[int, ...]) -> None:
    wiring = dense_wiring(widths)
    starts = np.cumsum([0, *widths])
    expected = set()
    for layer, (n_sources, n_targets) in enumerate(pairwise(widths)):
        for s, t in product(range(n_sources), range(n_targets)):
            expected.add((int(starts[layer]) + s, int(starts[layer + 1]) - widths[0] + t))
    targets = np.repeat(np.arange(len(wiring.indptr) - 1), np.diff(wiring.indptr))
    assert set(zip(wiring.indices.tolist(), targets.tolist(), strict=True)) == expected
    assert (wiring.n_weights, wiring.depth) == (len(expected), len(widths) - 2)
    assert wiring.n_parameters == len(expected) + sum(widths[1:])


@settings(deadline=None)
@given(st.integers(1, 800), st.integers(1, 30), st.sampled_from(LAYERS), st.integers(1, 100_000))
def test_no_other_width_has_a_number_of_weights_nearer_to_the_wanted(
    n_inputs: int, n_outputs: int, n_layers: int, n_weights: int
) -> None:
    width = equal_width(n_inputs, n_outputs, n_layers, n_weights)

    def distance(width: int) -> int:
        return abs(n_dense_weights((n_inputs, *[width] * n_layers, n_outputs)) - n_weights)

    # Rounding the width is not rounding the weights, which grow with its square: a neighbour may be as near.
    step = n_dense_weights((n_inputs, *[width + 1] * n_layers, n_outputs)) - n_dense_weights(
        (n_inputs, *[width] * n_layers, n_outputs)
    )
    assert width >= 1
    assert width == 1 or distance(width) <= 0.5 * step + 2 * n_layers


@pytest.mark.parametrize(("n_inputs", "n_outputs", "n_weights"), [(64, 10, 2843), (10, 1, 300), (784, 10, 25_000)])
def test_every_number_of_layers_activation_and_rate_is_tried_at_both_sizes(
    n_inputs: int, n_outputs: int, n_weights: int
) -> None:
    equal, usual = dense_contests(n_inputs, n_outputs, n_weights)
    for contest in (equal, usual):
        combinations = set()
        for setting in contest.settings:
            wiring = setting.make_wiring()
            assert wiring.n_weights == setting.n_weights
            assert setting.name.startswith(f"{wiring.depth} x ") and setting.name.endswith(str(setting.activation))
            combinations.add((wiring.depth, setting.activation, setting.learning_rate))
        assert combinations == set(product(LAYERS, ACTIVATIONS, RATES))
        assert len(contest.settings) == 24
    assert all(abs(setting.n_weights / n_weights - 1) < 0.15 for setting in equal.settings)
    for setting in usual.settings:
        wiring = setting.make_wiring()
        assert wiring.n_hidden == HIDDEN_UNITS * wiring.depth
    assert min(RATES) == 3e-3 and max(RATES) == 3e-2


def test_two_layers_of_silu_with_the_middle_rates_come_first() -> None:
    for contest in dense_contests(16, 26, 9000):
        first = [(s.make_wiring().depth, s.activation, s.learning_rate) for s in contest.settings[:2]]
        assert first == [(2, "silu", 1e-2), (2, "silu", 2e-2)]


def test_a_dense_network_has_at_least_one_unit_a_layer() -> None:
    assert [setting.make_wiring().n_hidden for setting in dense_contests(784, 10, 12)[0].settings[:1]] == [2]
