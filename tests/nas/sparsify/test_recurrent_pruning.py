from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from ragged import random_sequences

from nas.engine.batches import BatchPlan
from nas.engine.networks import first_state
from nas.engine.population import train
from nas.engine.recipe import Hyperparameters, Recipe
from nas.engine.recurrent_layout import lay_out_recurrent
from nas.results.dense_recurrent_networks import SequenceReading, dense_recurrent_wiring
from nas.sparsify.amounts import Amount
from nas.sparsify.pruning import Retraining, Rows
from nas.sparsify.recurrent_pruning import (
    RECURRENT_PARTS,
    RECURRENT_SALIENCIES,
    PrunedRecurrent,
    RecurrentPart,
    RecurrentSaliency,
    prune_recurrent,
)
from search_spaces.recurrent_wiring import CELLS, Cell

RECIPE = Recipe("classification", BatchPlan(150, 25, (5,)), total_steps=60, clip_norm=1.0)
OWN = Hyperparameters(1e-2)


def rows() -> Rows:
    """Whether the first channel has a high mean."""
    sequences = random_sequences(0, 200)
    sums = np.add.reduceat(sequences.inputs.values[:, 0], sequences.offsets[:-1])
    return Rows(sequences, (sums > 0).astype(np.float32), 150)


def steps(
    part: RecurrentPart = "both",
    saliency: RecurrentSaliency = "magnitude",
    cell: Cell = "gru",
    amount: Amount = Amount("share", 0.4),  # noqa: B008
    fewest: int = 60,
    is_rewound: bool = False,
) -> list[PrunedRecurrent]:
    wiring, data = dense_recurrent_wiring(SequenceReading(3), 3, 8, 2, cell), rows()
    network = lay_out_recurrent(wiring)
    first = first_state(network, [[3]])
    (state,) = train([network], [OWN], [first], data.inputs, data.targets, RECIPE, 60)
    how = Retraining(RECIPE, OWN, is_rewound=is_rewound)
    rng = np.random.default_rng(0)
    given = (part, saliency, amount, how, data, fewest, rng, first.parameters[0])
    return list(prune_recurrent(wiring, state.parameters[0], *given))


@pytest.mark.parametrize("cell", CELLS)
def test_a_network_gets_smaller_step_by_step_and_still_learns(cell: Cell) -> None:
    found = steps(cell=cell)
    sizes = [one.wiring.n_weights for one in found]
    assert len(sizes) > 1 and sizes == sorted(sizes, reverse=True)
    assert found[0].score > 0.85
    assert all(one.epochs == 10.0 for one in found)


@pytest.mark.parametrize("part", RECURRENT_PARTS)
@pytest.mark.parametrize("saliency", RECURRENT_SALIENCIES)
def test_a_part_is_pruned_and_the_other_stays(part: RecurrentPart, saliency: RecurrentSaliency) -> None:
    (one, *_) = steps(part, saliency, amount=Amount("count", 6), fewest=150)
    wiring = one.wiring
    counts = len(wiring.input_indices), len(wiring.recurrent_indices)
    assert wiring.n_units == 8
    assert counts == {"inputs": (18, 64), "recurrent": (24, 58)}.get(part, counts)
    assert sum(counts) == 82


def test_it_ends_with_the_fewest_weights_or_with_nothing_to_drop() -> None:
    found = steps(amount=Amount("count", 5), fewest=150)
    assert 150 <= found[-1].wiring.n_weights < 150 + 3
    ends = steps("recurrent", amount=Amount("share", 0.9), fewest=0)
    assert len(ends[-1].wiring.recurrent_indices) <= 1  # a tenth of a few edges is none


def test_weights_that_are_left_can_go_back_to_the_first_ones() -> None:
    rewound, kept = steps(is_rewound=True), steps()
    assert rewound[0].wiring.n_weights == kept[0].wiring.n_weights
    assert rewound[0].score_before < kept[0].score_before


def test_the_same_seed_gives_the_same() -> None:
    for one, other in zip(steps(saliency="random"), steps(saliency="random"), strict=True):
        np.testing.assert_array_equal(one.parameters, other.parameters)
    sizes = [one.wiring.n_weights for one in steps()]
    assert all(after < before for before, after in pairwise(sizes))
