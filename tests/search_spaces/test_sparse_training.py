from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import random_wiring

from search_spaces import GenotypeError
from search_spaces.sparse_training import METHODS, PARTS, STATIC, Part, SparseTraining, n_edges_of
from search_spaces.sparse_training_draws import (
    draw_sparse_training,
    in_one_training,
    mean_cost,
    most_pruned,
    pruned_further,
    varied_sparse_training,
)


@pytest.mark.parametrize(
    "given_values",
    [
        ("grown", "all", 0.5, 3, 0.5),
        ("set", "some", 0.5, 3, 0.5),
        ("set", "all", 1.5, 3, 0.5),
        ("set", "all", 0.5, 0, 0.5),
        ("static", "all", 1.0, 3, 1.0),
        ("rigl", "all", 0.5, 3, 0.0),
        ("rigl", "all", 0.5, 2000, 0.5),
    ],
)
def test_impossible_values_are_refused(given_values: tuple[object, ...]) -> None:
    with pytest.raises(GenotypeError, match="SparseTraining: "):
        SparseTraining(*given_values)  # type: ignore[arg-type]


@given(st.integers(0, 200))
def test_the_parts_are_all_edges(seed: int) -> None:
    wiring = random_wiring(seed)
    counts = {part: n_edges_of(part, wiring) for part in PARTS}
    n_direct = int((wiring.indices[wiring.indptr[wiring.n_hidden] :] < wiring.n_inputs).sum())
    assert counts["all"] == wiring.n_edges
    assert counts["inputs"] + counts["hidden"] + counts["readout"] == wiring.n_edges + n_direct


@pytest.mark.parametrize("part", PARTS)
def test_of_a_pruned_part_a_share_is_left_and_all_of_the_rest(part: Part) -> None:
    wiring = random_wiring(0, n_hidden=40, density=0.5)
    training = SparseTraining("pruned", part, 0.25, 5, 0.6)
    n_edges = n_edges_of(part, wiring)
    fewest = wiring.n_outputs * (wiring.depth + 1)
    assert training.edges_left(wiring) == max(int(np.ceil(0.25 * n_edges)), min(n_edges, fewest))
    assert training.weights_left(wiring) == wiring.n_weights - n_edges + training.edges_left(wiring)
    for method in ("set", "rigl"):
        assert SparseTraining(method, part, 0.25, 5, 0.6).weights_left(wiring) == wiring.n_weights
    assert STATIC.weights_left(wiring) == wiring.n_weights


@pytest.mark.parametrize("method", METHODS)
def test_draws_and_variations_are_of_the_methods_that_may_be(method: str) -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_sparse_training([method], 16.0, rng) for _ in range(30)]  # type: ignore[list-item]
    varied = [varied_sparse_training(one, [method], 16.0, rng) for one in drawn]  # type: ignore[list-item]
    assert {one.method for one in drawn + varied} == {method}
    assert method == "static" or sum(one != other for one, other in zip(drawn, varied, strict=True)) > 20


def test_the_mean_cost_is_that_of_long_pruning() -> None:
    rng = np.random.default_rng(0)
    assert mean_cost(["static"], 16.0, rng) == mean_cost(["set", "rigl"], 16.0, rng) == 1.0
    assert 1.5 < mean_cost(["pruned"], 28.0, rng) < 4.0
    assert 1.0 < mean_cost(["pruned"], 2.0, rng) < 1.2
    assert [most_pruned(n) for n in (1, 16, 784)] == [2.0, 4.0, 28.0]


def test_what_follows_a_training_leaves_its_share_of_what_is_left() -> None:
    wiring = random_wiring(0, n_hidden=30, density=0.5)
    pruned = SparseTraining("pruned", "all", 0.5, 10, 0.5, (0.5, 0.8))
    n_first = int(np.ceil(0.5 * wiring.n_edges))
    assert pruned.first.weights_left(wiring) == n_first
    assert pruned.weights_left(wiring) == int(np.ceil(0.8 * np.ceil(0.5 * n_first)))
    fewest = wiring.n_outputs * (wiring.depth + 1)
    assert replace(STATIC, further=(0.001,) * 8).weights_left(wiring) == fewest


@pytest.mark.parametrize("further", [(0.0,), (1.5,), (1,), [0.5], (0.5,) * 9])
def test_impossible_prunings_are_refused(further: object) -> None:
    with pytest.raises(GenotypeError, match=r"SparseTraining: .*further"):
        SparseTraining(further=further)  # type: ignore[arg-type]


def test_prunings_one_after_the_other_become_one_of_the_same_share() -> None:
    rng = np.random.default_rng(0)
    training = STATIC
    for number in range(8):
        further = pruned_further(training, rng)
        assert further is not None and further.further[:-1] == training.further
        assert len(further.further) == number + 1
        training = further
    assert pruned_further(training, rng) is None
    assert in_one_training(STATIC) == STATIC
    for first in (STATIC, SparseTraining("rigl", "all", 0.3, 4, 0.8), SparseTraining("pruned", "all", 0.5, 10, 0.5)):
        one = in_one_training(replace(first, further=(0.5, 0.4)))
        assert one.method == "pruned" and not one.further
        assert one.share == pytest.approx(0.2 * first.kept_share)
