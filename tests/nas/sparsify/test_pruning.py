from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from support import random_wiring

from nas.engine.batches import BatchPlan
from nas.engine.gather import Inputs
from nas.engine.layout import lay_out
from nas.engine.population import train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.state import initial_state
from nas.sparsify.amounts import Amount
from nas.sparsify.edges import codes_of, ends_of, lie_on_paths
from nas.sparsify.frame import Frame
from nas.sparsify.pruning import Pruned, Retraining, Rows, prune
from nas.sparsify.saliency import SALIENCIES, SaliencyName

RECIPE = Recipe("classification", BatchPlan(80, 16, (5,)), total_steps=15)
OWN = Hyperparameters(1e-2)


def rows() -> Rows:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=120)
    values = rng.standard_normal((5, 120)) * 0.3
    values[labels, np.arange(120)] += 2
    return Rows(Inputs.plain(values.astype(np.float32)), labels.astype(np.float32), 80)


def steps(
    saliency: SaliencyName = "magnitude",
    amount: Amount = Amount("share", 0.3),  # noqa: B008
    fewest_edges: int = 20,
    **of_retraining: object,
) -> list[Pruned]:
    wiring = random_wiring(1, n_hidden=20, density=0.5)
    network, data = lay_out(wiring, "relu"), rows()
    first = initial_state(network, [[3]])
    long = replace(RECIPE, total_steps=100)
    (state,) = train([network], [OWN], [first], data.inputs, data.targets, long, 100)
    how = Retraining(RECIPE, OWN, **of_retraining)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    return list(prune(network, state, Frame.of(wiring), saliency, amount, how, data, fewest_edges, rng, first))


@pytest.mark.parametrize("saliency", SALIENCIES)
def test_a_network_gets_smaller_step_by_step_and_still_learns(saliency: SaliencyName) -> None:
    found = steps(saliency)
    sizes = [len(one.network.indices) for one in found]
    assert sizes[0] < random_wiring(1, n_hidden=20, density=0.5).n_edges
    assert all(after <= np.ceil(0.7 * before) + 1 for before, after in pairwise(sizes[:-1]))
    assert sizes[-1] == 20
    assert all(lie_on_paths(one.network, ends_of(one.network)).mean() > 0.8 for one in found)
    assert found[0].score > 0.8
    assert all(one.epochs == 3.0 for one in found)


def test_retraining_ends_when_it_gains_no_more() -> None:
    patient, impatient = steps(least_gain=-1.0), steps(least_gain=1.0)
    assert {one.epochs for one in patient} == {3.0} and {one.epochs for one in impatient} == {1.0}


def test_weights_are_rewound_to_those_of_their_edges() -> None:
    wiring = random_wiring(1, n_hidden=20, density=0.5)
    network = lay_out(wiring, "relu")
    first = initial_state(network, [[3]])
    still = Retraining(replace(RECIPE, total_steps=1), Hyperparameters(1e-12), is_rewound=True)
    data, rng = rows(), np.random.default_rng(0)
    state = replace(first, parameters=first.parameters * 2 + 1)
    amount, frame = Amount("share", 0.4), Frame.of(wiring)
    *_, last = prune(network, state, frame, "random", amount, still, data, 60, rng, first)
    before = dict(zip(codes_of(network, ends_of(network)), first.parameters[0], strict=False))
    after = dict(zip(codes_of(last.network, ends_of(last.network)), last.state.parameters[0], strict=False))
    assert len(after) == 60
    for code, weight in after.items():
        assert weight == pytest.approx(before[code], abs=1e-5)


def test_one_shot_is_one_step() -> None:
    found = steps(amount=Amount("share", 0.8), fewest_edges=1)
    assert len(found[0].network.indices) == pytest.approx(
        0.2 * random_wiring(1, n_hidden=20, density=0.5).n_edges, abs=2
    )
