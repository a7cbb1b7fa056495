from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features import FEATURE_NAMES, RECURRENT_FEATURE_NAMES, extract, feature_names, size_names
from predictors.features.degrees import DEGREE_NAMES
from predictors.features.graph_size import GRAPH_SIZE_NAMES
from predictors.features.paths import DISTANCE_NAMES, LEVEL_NAMES
from search_spaces import SPACES, RNNSpace
from search_spaces.genotype import Genotype
from search_spaces.wiring import Wiring


def test_the_names_are_distinct_and_contain_what_takes_time_in_proportion_to_the_edges() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == 62
    assert {*GRAPH_SIZE_NAMES, *DEGREE_NAMES, *LEVEL_NAMES} < set(FEATURE_NAMES)
    assert set(DISTANCE_NAMES).isdisjoint(FEATURE_NAMES)


def test_each_space_has_names_of_its_own() -> None:
    assert feature_names("mlp") == FEATURE_NAMES
    assert feature_names("rnn") == RECURRENT_FEATURE_NAMES
    assert len(set(RECURRENT_FEATURE_NAMES)) == len(RECURRENT_FEATURE_NAMES) == 63
    assert set(LEVEL_NAMES) < set(RECURRENT_FEATURE_NAMES)
    with pytest.raises(ValueError, match='The space "cnn" has no features; known are mlp, rnn'):
        feature_names("cnn")


@pytest.mark.parametrize("name", SPACES)
def test_some_of_the_names_only_say_how_large_a_network_is(name: str) -> None:
    names = size_names(name)
    assert set(names) < set(feature_names(name))
    assert {"n_weights", "nodes", "edges", "density"} < set(names)
    assert not {"diameter", "layers", "log_learning_rate", "clustering_mean"} & set(names)


@pytest.mark.parametrize("name", SPACES)
def test_samples_of_every_space_have_its_features(name: str) -> None:
    space = SPACES[name](n_inputs=6, n_outputs=3, max_weights=2000)
    rng = np.random.default_rng(0)
    for _ in range(40):
        genotype = space.mutate(space.sample(rng), rng)
        row = extract(genotype, space.wire(genotype))
        assert row.shape == (len(feature_names(name)),) and row.dtype == np.float64
        assert np.isfinite(row).all()
        assert row.tobytes() == extract(genotype, space.wire(genotype)).tobytes()


def test_the_wiring_of_another_kind_is_refused(wire_around: Callable[[nx.Graph], Wiring]) -> None:
    recurrent = RNNSpace(4, 2, 100).sample(np.random.default_rng(0))
    with pytest.raises(TypeError, match="A Wiring is not the wiring of a RecurrentGenotype"):
        extract(recurrent, wire_around(nx.path_graph(3)))


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 40), probability=st.floats(0, 1), seed=st.integers(0, 10_000))
def test_every_feature_of_every_wiring_is_finite(
    wire_around: Callable[[nx.Graph], Wiring], genotype: Genotype, n: int, probability: float, seed: int
) -> None:
    row = extract(genotype, wire_around(nx.gnp_random_graph(n, probability, seed=seed)))
    assert row.shape == (len(FEATURE_NAMES),) and row.dtype == np.float64
    assert np.isfinite(row).all()


@pytest.mark.parametrize(
    "graph",
    [
        nx.path_graph(1500),  # the longest distances
        nx.star_graph(2000),  # the most uneven degrees
        nx.empty_graph(1500),
        nx.disjoint_union(nx.complete_graph(150), nx.path_graph(1000)),
    ],
    ids=["chain", "star", "no edges", "two components"],
)
def test_extreme_large_graphs_have_finite_features(
    wire_around: Callable[[nx.Graph], Wiring], genotype: Genotype, graph: nx.Graph
) -> None:
    assert np.isfinite(extract(genotype, wire_around(graph))).all()


def test_features_stand_under_their_names(wire_around: Callable[[nx.Graph], Wiring], genotype: Genotype) -> None:
    found = dict(zip(FEATURE_NAMES, extract(genotype, wire_around(nx.path_graph(5))).tolist(), strict=True))
    assert found["n_weights"] == 5 + 4 + 5
    assert found["layers"] == found["nodes"] == found["n_hidden"] == 5
    assert found["edges"] == found["hidden_edges"] == 4
    assert found["degree_centrality_mean"] == pytest.approx((1 + 2 + 2 + 2 + 1) / 4 / 5)
    assert found["mean_level"] == pytest.approx((0 + 1 + 2 + 3 + 4) / 4 / 5)
    assert found["activation_tanh"] == 1.0
    assert found["log_paths"] == 0.0
    assert found["mean_path_length"] == 4.0


def test_the_same_candidate_has_the_same_bits(wire_around: Callable[[nx.Graph], Wiring], genotype: Genotype) -> None:
    graph = nx.gnm_random_graph(120, 400, seed=4)
    assert extract(genotype, wire_around(graph)).tobytes() == extract(genotype, wire_around(graph)).tobytes()
