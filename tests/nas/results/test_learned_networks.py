from __future__ import annotations

import pytest

from nas.results.dense_networks import n_dense_weights
from nas.results.learned_networks import LEAST_FACTOR, learned_contests, sparse_wiring
from nas.speed import Load


@pytest.mark.parametrize(("n_inputs", "n_outputs", "n_weights"), [(784, 10, 6000), (16, 26, 9000), (4, 3, 60)])
def test_all_have_the_weights_that_are_asked_for_after_their_training(
    n_inputs: int, n_outputs: int, n_weights: int
) -> None:
    pruned, rigl = learned_contests(n_inputs, n_outputs, n_weights)
    assert (pruned.key, rigl.key) == ("gradually pruned, equal weights", "RigL, equal weights")
    for contest in (pruned, rigl):
        assert len({setting.name for setting in contest.settings}) >= 2
        for setting in contest.settings:
            wiring = setting.make_wiring()
            assert (wiring.n_inputs, wiring.n_outputs) == (n_inputs, n_outputs)  # type: ignore[union-attr]
            left = setting.sparse_training.weights_left(wiring)  # type: ignore[arg-type]
            assert abs(left / n_weights - 1) < (0.2 if n_weights > 100 else 1.5)
    assert all(setting.make_wiring().n_weights > 0.9 * LEAST_FACTOR * n_weights for setting in pruned.settings)


def test_the_load_of_a_pruned_network_is_the_mean_over_its_training() -> None:
    pruned, rigl = learned_contests(784, 10, 6000)
    for setting in pruned.settings:
        wiring = setting.make_wiring()
        excess = setting.sparse_training.mean_excess() * (wiring.n_weights - 6000)
        assert setting.load.n_weights == pytest.approx(6000 + excess, rel=0.02)
    assert rigl.settings[0].load == Load(6000)


def test_neurons_of_a_layer_of_a_sparse_wiring_read_as_many() -> None:
    widths = (30, 40, 20, 5)
    wiring = sparse_wiring(widths, 0.3)
    assert wiring.n_weights == pytest.approx(0.3 * n_dense_weights(widths), rel=0.1)
    fan_in = (wiring.indptr[1:] - wiring.indptr[:-1]).tolist()
    assert fan_in[:40] == [9] * 40 and set(fan_in[60:]) <= {6, 7}  # one more where a neuron would not be read
