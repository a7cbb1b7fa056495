from __future__ import annotations

import numpy as np
import pytest
import torch
from support import random_wiring

from nas.engine.layout import lay_out
from nas.engine.reference import reference_forward
from nas.models.levelwise_network import FUNCTIONS, LevelwiseNetwork
from search_spaces.genotype import ACTIVATIONS


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("n_hidden", [1, 12])
def test_levels_compute_what_neurons_do_one_by_one(activation: str, n_hidden: int) -> None:
    wiring = random_wiring(n_hidden, n_hidden=n_hidden)
    rng = np.random.default_rng(0)
    shapes = (wiring.n_edges,), (n_hidden + 3,), (6, 5)
    weight, bias, rows = (torch.from_numpy(rng.standard_normal(shape)) for shape in shapes)
    expected = reference_forward(lay_out(wiring, activation), weight, bias, rows.T).T
    torch.testing.assert_close(LevelwiseNetwork(wiring, activation)(rows, weight, bias), expected)


def test_gradients_have_gradients() -> None:
    wiring = random_wiring(1, n_hidden=4)
    network, rng = LevelwiseNetwork(wiring, "tanh"), np.random.default_rng(0)
    shapes = (2, 5), (wiring.n_edges,), (7,)
    tensors = [torch.from_numpy(rng.standard_normal(shape)).requires_grad_() for shape in shapes]
    assert torch.autograd.gradgradcheck(network, tensors)


def test_every_activation_of_a_search_is_there() -> None:
    assert set(FUNCTIONS) == set(ACTIVATIONS)


def test_nothing_of_it_is_saved() -> None:
    assert not LevelwiseNetwork(random_wiring(0), "relu").state_dict()
