from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from search_spaces import MLPSpace, RNNSpace, SpaceError
from search_spaces.recurrent_wiring import CELLS

SPACE = RNNSpace(n_inputs=20, n_outputs=2, max_weights=5000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cells": ()}, r"cells is \(\); give some of tanh, relu, lstm, gru"),
        ({"cells": ("lstm", "elman")}, r"cells is \('lstm', 'elman'\)"),
        ({"embedding": (-1, 4)}, r"embedding is -1\.\.4; it must be two ints in 0\.\.100000"),
        ({"embedding": (5, 4)}, r"embedding is 5\.\.4"),
    ],
)
def test_a_space_without_networks_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=f"RNNSpace: {message}"):
        RNNSpace(**{"n_inputs": 4, "n_outputs": 2, "max_weights": 100} | arguments)


def test_genotypes_of_other_spaces_are_refused() -> None:
    rng = np.random.default_rng(0)
    own, foreign = SPACE.sample(rng), MLPSpace(20, 2, 500).sample(rng)
    message = 'RNNSpace: a Genotype of space "mlp" was given; it must be a RecurrentGenotype of space "rnn"'
    with pytest.raises(SpaceError, match=message):
        SPACE.wire(foreign)
    with pytest.raises(SpaceError, match=message):
        SPACE.mutate(foreign, rng)
    with pytest.raises(SpaceError, match=message):
        SPACE.cross(own, foreign, rng)
    with pytest.raises(SpaceError, match='MLPSpace: the genotype is of space "rnn"; it must be "mlp"'):
        MLPSpace(20, 2, 500).wire(own)
    with pytest.raises(SpaceError, match='of space "odd"'):
        SPACE.wire(replace(own, space="odd"))


def test_samples_are_of_all_sizes_kinds_and_priors() -> None:
    rng = np.random.default_rng(1)
    genotypes = [SPACE.sample(rng) for _ in range(200)]
    wirings = [SPACE.wire(genotype) for genotype in genotypes]
    sizes = [wiring.n_weights for wiring in wirings]
    assert min(sizes) < 150
    assert max(sizes) > 3000
    assert 200 < np.median(sizes) < 1000
    assert {genotype.segments[0].prior for genotype in genotypes} == set(SPACE.ranges.priors)
    shares = {
        "cell": dict.fromkeys(CELLS, 0.25),
        "reading": {"layered": 0.25, "recurrent": 0.75},  # half of the draws are one dense layer
        "orientation": {"index": 0.5, "random": 0.5},
        "readout": {"sinks": 0.25, "all": 0.75},
        "bidirectional": {True: 0.35, False: 0.65},
        "pooling": {"last": 0.1, "mean": 0.2, "max": 0.2, "all": 0.5},
    }
    for gene, expected in shares.items():
        values = [getattr(genotype, gene) for genotype in genotypes]
        assert {value: values.count(value) / 200 for value in set(values)} == pytest.approx(expected, abs=0.12), gene
    assert all(2e-3 <= genotype.learning_rate <= 3e-2 for genotype in genotypes)
    assert {wiring.n_embedded // wiring.n_directions for wiring in wirings} >= {1, 2, 5, 20}
    assert max(wiring.n_embedded // wiring.n_directions for wiring in wirings) == 20  # more would be no more
    assert max(wiring.depth for wiring in wirings) > 8
    assert any(wiring.n_units > 1.5 * wiring.n_vertices for wiring in wirings)


def test_half_of_the_draws_are_one_dense_or_nearly_dense_layer() -> None:
    rng = np.random.default_rng(2)
    templates = [replace(SPACE, priors=("shallow",)).sample(rng) for _ in range(100)]
    wirings = [SPACE.wire(genotype) for genotype in templates]
    assert {wiring.depth for wiring in wirings} == {1}
    densities = np.array([wiring.density for wiring in wirings])
    assert 0.4 < np.mean(densities > 0.99) < 0.7 and densities.min() > 0.3
    drawn = [SPACE.wire(SPACE.sample(rng)).density for _ in range(200)]
    assert 0.2 < np.mean(np.array(drawn) > 0.99) < 0.4
    none = replace(SPACE, priors=("watts-strogatz", "barabasi-albert"))
    assert {none.sample(rng).segments[0].prior for _ in range(60)} == {"watts-strogatz", "barabasi-albert"}


def test_long_sequences_are_read_in_windows_and_short_ones_step_by_step() -> None:
    rng = np.random.default_rng(3)
    long = [replace(SPACE, n_steps=427, n_inputs=1).sample(rng) for _ in range(200)]
    n_taken = np.array([-(-427 // genotype.stride) for genotype in long])
    assert n_taken.min() >= 11 and n_taken.max() <= 86
    assert 25 < np.median(n_taken) < 40
    overlaps = np.array([genotype.window / genotype.stride for genotype in long])
    assert overlaps.min() >= 1.0 and 2.5 < overlaps.max() <= 3.2
    short = [replace(SPACE, n_steps=10).sample(rng) for _ in range(50)]
    assert {genotype.stride for genotype in short} == {1}
    assert {genotype.window for genotype in short} == {1, 2, 3}
    assert {SPACE.sample(rng).window for _ in range(20)} == {1}


def test_differences_are_read_where_the_data_have_them() -> None:
    rng = np.random.default_rng(4)
    space = replace(SPACE, has_differences=True)
    genotypes = [space.sample(rng) for _ in range(200)]
    assert 0.15 < np.mean([genotype.differences for genotype in genotypes]) < 0.35
    assert {space.wire(genotype).n_inputs for genotype in genotypes} == {20, 40}
    assert not any(SPACE.sample(rng).differences for _ in range(50))
    assert not SPACE.mutate(replace(genotypes[0], differences=True), rng).differences


def test_cells_and_priors_are_those_given_in_every_generation() -> None:
    space = replace(SPACE, cells=("relu", "gru"), priors=("layered", "random-regular"))
    rng = np.random.default_rng(1)
    line = [space.sample(rng) for _ in range(20)]
    for _ in range(60):
        first, second = (line[place] for place in rng.integers(len(line), size=2))
        line.append(space.mutate(space.cross(first, second, rng), rng))
    assert {genotype.cell for genotype in line} == {"relu", "gru"}
    assert {segment.prior for genotype in line for segment in genotype.segments} == {"layered", "random-regular"}
    other = replace(line[0], cell="lstm")
    assert space.mutate(other, rng).cell in ("relu", "gru")


def test_an_embedding_of_the_sources_can_be_asked_for() -> None:
    space = replace(SPACE, embedding=(0, 0))
    rng = np.random.default_rng(1)
    genotypes = [space.sample(rng) for _ in range(40)]
    genotypes += [space.mutate(genotype, rng) for genotype in genotypes]
    assert {genotype.embedding for genotype in genotypes} == {0}
    layered = [space.wire(genotype) for genotype in genotypes if genotype.reading == "layered"]
    for wiring in (wiring for wiring in layered if wiring.depth > 1):
        assert wiring.n_embedded == wiring.n_directions * np.sum(wiring.skeleton.levels() == 0)


def test_a_space_with_one_of_everything_still_mutates() -> None:
    space = RNNSpace(1, 1, 4, ("erdos-renyi",), (1, 1), (1, 1), (0.01, 0.01), cells=("tanh",), embedding=(1, 1))
    rng = np.random.default_rng(0)
    genotype = space.sample(rng)
    for _ in range(20):
        child = space.mutate(genotype, rng)
        assert child != genotype
        assert space.wire(child).n_weights == 4
        genotype = child


def test_bounds_of_a_parameter_are_kept_by_every_operator() -> None:
    bounds = {"watts-strogatz": {"rewiring": (0.4, 0.5)}}
    space = replace(SPACE, priors=("watts-strogatz",), bounds=bounds)
    rng = np.random.default_rng(0)
    genotypes = [space.sample(rng) for _ in range(10)]
    for _ in range(40):
        first, second = (genotypes[place] for place in rng.integers(len(genotypes), size=2))
        genotypes.append(space.mutate(space.cross(first, second, rng), rng))
    values = {dict(segment.parameters)["rewiring"] for genotype in genotypes for segment in genotype.segments}
    assert min(values) >= 0.4 and max(values) <= 0.5 and len(values) > 5


@pytest.mark.parametrize(
    "space", [SPACE, replace(SPACE, n_steps=427), replace(SPACE, cells=("lstm",)), RNNSpace(1, 3, 40, embedding=(0, 1))]
)
def test_plain_networks_are_one_dense_layer_of_falling_size(space: RNNSpace) -> None:
    plain = space.plain(np.random.default_rng(0))
    assert plain == space.plain(np.random.default_rng(0))
    wirings = [space.wire(genotype) for genotype in plain]
    sizes = [wiring.n_weights for wiring in wirings]
    assert len(sizes) == 4 and max(sizes) <= space.max_weights and sizes == sorted(sizes, reverse=True)
    for genotype, wiring in zip(plain, wirings, strict=True):
        assert genotype.cell == ("gru" if "gru" in space.cells else "lstm")
        assert wiring.depth == 1 and genotype.pooling == "all"
        assert wiring.n_units < 4 or wiring.density > 0.9
    if space.max_weights > 100:
        assert sizes[0] > 0.7 * space.max_weights
