from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from candidates import complete, trial

from nas.data import SequenceDataset, prepare, prepare_sequences, sequence_load
from nas.data.reber import reber_strings
from nas.recorder import Trial
from nas.results.contests import contests_for
from nas.results.dense_networks import dense_contests
from nas.results.learned_networks import learned_contests
from search_spaces import RecurrentGenotype, RecurrentWiring, RNNSpace


@pytest.fixture(scope="module")
def reber() -> SequenceDataset:
    """400 strings of the Reber grammar."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequence_load, "reber_strings", partial(reber_strings, 400))
        return prepare_sequences("reber", seed=0)


def recurrent_trial(space: RNNSpace, seed: int, **genes: Any) -> Trial:
    genotype = replace(space.sample(np.random.default_rng(seed)), **genes)
    outcome = complete(space.wire(genotype).n_weights, 0.0, 0.0, 0.9)
    return replace(trial(seed, outcome), genotype=genotype, key=genotype.key())


def test_the_best_network_of_a_table_is_compared_with_dense_and_learned_ones_of_its_size() -> None:
    wine = prepare("wine", seed=0)
    names = [
        [setting.name for setting in contest.settings] for contest in contests_for(wine, trial(0, complete(500, 0.9)))
    ]
    expected = [*dense_contests(13, 3, 500), *learned_contests(13, 3, 500)]
    assert names == [[setting.name for setting in contest.settings] for contest in expected]


@pytest.mark.parametrize("seed", range(8))
def test_the_best_recurrent_network_is_compared_with_dense_ones_of_its_cell(reber: SequenceDataset, seed: int) -> None:
    best = recurrent_trial(RNNSpace(reber.n_inputs, reber.n_outputs, 4000), seed)
    genotype = best.genotype
    assert isinstance(genotype, RecurrentGenotype)
    equal, lstm = (contest.settings[0].make_wiring() for contest in contests_for(reber, best))
    for wiring, n_embedded in ((equal, max(1, genotype.embedding)), (lstm, 16)):
        assert isinstance(wiring, RecurrentWiring)
        sizes = (reber.n_inputs, reber.n_outputs, n_embedded)
        assert (wiring.n_inputs, wiring.n_outputs, wiring.n_embedded) == sizes
    assert isinstance(equal, RecurrentWiring) and equal.cell == genotype.cell
    assert equal.n_units < 5 or abs(equal.n_weights / best.n_weights - 1) <= 0.25
    assert isinstance(lstm, RecurrentWiring) and (lstm.cell, lstm.n_units) == ("lstm", 32)


def test_a_network_that_reads_its_inputs_as_they_are_has_dense_ones_with_an_embedding(reber: SequenceDataset) -> None:
    best = recurrent_trial(RNNSpace(reber.n_inputs, reber.n_outputs, 4000), 0, embedding=0)
    for contest in contests_for(reber, best):
        wiring = contest.settings[0].make_wiring()
        assert isinstance(wiring, RecurrentWiring) and wiring.n_embedded >= 1
