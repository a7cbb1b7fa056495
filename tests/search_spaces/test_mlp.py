from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from search_spaces import (
    MLPSpace,
    PriorError,
    SpaceError,
    first_key,
    genotype_from_dict,
    phenotype_key,
    weights_left,
)
from search_spaces.input_choice import Plane
from search_spaces.sparse_training import METHODS, Method

SPACE = MLPSpace(n_inputs=16, n_outputs=10, max_weights=5000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_inputs": 0}, "n_inputs is 0; it must be an int, at least 1"),
        ({"n_outputs": 0}, "n_outputs is 0"),
        ({"max_weights": 10}, "max_weights is 10; it must be an int, at least 11"),
        ({"max_weights": 1e4}, "max_weights is 10000.0"),
        ({"priors": ()}, "priors is empty; give some of watts-strogatz"),
        ({"neurons": (5, 4)}, r"neurons is 5\.\.4"),
        ({"neurons": (0, 4)}, r"neurons is 0\.\.4"),
        ({"max_depth": (1, 10**6)}, r"max_depth is 1\.\.1000000; it must be two ints in 1\.\.100000"),
        ({"learning_rate": (0.0, 0.1)}, r"learning_rate is 0\.0\.\.0\.1"),
        ({"learning_rate": (0.1, float("inf"))}, "two finite floats above 0"),
        ({"learning_rate": (float("nan"), 0.1)}, "two finite floats above 0"),
    ],
)
def test_a_space_without_networks_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        MLPSpace(**{"n_inputs": 16, "n_outputs": 10, "max_weights": 100} | arguments)


def test_an_unknown_prior_is_told_the_nearest() -> None:
    with pytest.raises(PriorError, match='unknown prior "watts"; did you mean "watts-strogatz"'):
        MLPSpace(4, 2, 100, priors=("erdos-renyi", "watts"))


def test_genotypes_of_other_spaces_are_refused() -> None:
    rng = np.random.default_rng(0)
    own = SPACE.sample(rng)
    foreign = replace(own, space="rnn")
    message = 'the genotype is of space "rnn"; it must be "mlp"'
    with pytest.raises(SpaceError, match=message):
        SPACE.wire(foreign)
    with pytest.raises(SpaceError, match=message):
        SPACE.mutate(foreign, rng)
    with pytest.raises(SpaceError, match=message):
        SPACE.cross(own, foreign, rng)


def test_samples_are_of_all_sizes_kinds_and_priors() -> None:
    rng = np.random.default_rng(1)
    genotypes = [SPACE.sample(rng) for _ in range(200)]
    sizes = [SPACE.wire(genotype).n_weights for genotype in genotypes]
    assert min(sizes) < 200
    assert max(sizes) > 3000
    assert {genotype.segments[0].prior for genotype in genotypes} == set(SPACE.ranges.priors)
    for gene in ("activation", "orientation", "readout"):
        assert len({getattr(genotype, gene) for genotype in genotypes}) == (4 if gene == "activation" else 2)
    activations = [genotype.activation for genotype in genotypes]
    assert 30 < activations.count("relu") < 75
    assert all(2e-3 <= genotype.learning_rate <= 5e-2 for genotype in genotypes)
    assert 70 < sum(genotype.is_template for genotype in genotypes) < 130


def test_samples_come_from_the_priors_given() -> None:
    space = replace(SPACE, priors=("layered", "random-regular"))
    rng = np.random.default_rng(1)
    assert {space.sample(rng).segments[0].prior for _ in range(40)} == {"layered", "random-regular"}


def test_the_generator_state_decides_the_sample() -> None:
    first, again, other = (SPACE.sample(np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert first == again != other


def test_a_space_with_one_of_everything_still_mutates() -> None:
    space = MLPSpace(1, 1, 2, ("erdos-renyi",), (1, 1), (1, 1), (0.01, 0.01))
    rng = np.random.default_rng(0)
    genotype = space.sample(rng)
    for _ in range(20):
        child = space.mutate(genotype, rng)
        assert child != genotype
        assert weights_left(child, space.wire(child)) == 2
        genotype = child


def test_bounds_of_a_parameter_are_kept_by_every_operator() -> None:
    bounds = {"watts-strogatz": {"rewiring": (0.4, 0.5)}}
    space = MLPSpace(8, 3, 2000, priors=("watts-strogatz",), bounds=bounds)
    rng = np.random.default_rng(0)
    genotypes = [space.sample(rng) for _ in range(10)]
    for _ in range(60):
        first, second = (genotypes[place] for place in rng.integers(len(genotypes), size=2))
        genotypes.append(space.mutate(space.cross(first, second, rng), rng))
    values = {dict(segment.parameters)["rewiring"] for genotype in genotypes for segment in genotype.segments}
    assert min(values) >= 0.4 and max(values) <= 0.5 and len(values) > 5


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"watts-strogatz": {"rewiring": (0.1, 1.5)}}, r"rewiring are 0.1..1.5; they must ascend within 0.0..1.0"),
        ({"watts-strogatz": {"rewiring": (0.5, 0.1)}}, "must ascend"),
        ({"watts-strogatz": {"rewirin": (0.1, 0.5)}}, 'unknown parameter "rewirin"; the nearest known is "rewiring"'),
        ({"watts": {"rewiring": (0.1, 0.5)}}, "watts-strogatz"),
    ],
)
def test_impossible_bounds_are_refused(bounds: dict[str, dict[str, tuple[float, float]]], message: str) -> None:
    with pytest.raises(PriorError, match=message):
        MLPSpace(8, 3, 2000, bounds=bounds)


@pytest.mark.parametrize(
    "space",
    [SPACE, MLPSpace(2, 1, 12), MLPSpace(700, 10, 21_000, plane=None), replace(SPACE, learning_rate=(1e-3, 2e-3))],
)
def test_plain_networks_are_layers_of_falling_size_as_one_would_set_them_by_hand(space: MLPSpace) -> None:
    plain = space.plain(np.random.default_rng(0))
    assert plain == space.plain(np.random.default_rng(0))
    sizes = [weights_left(genotype, space.wire(genotype)) for genotype in plain]
    assert len(sizes) == 12 and max(sizes) <= space.max_weights
    assert [genotype.sparse_training.method for genotype in plain] == ["static", "static", "pruned"] * 4
    for genotype in plain:
        assert genotype.is_template and (genotype.dropout, genotype.readout_share) == (0.0, 1.0)
        assert space.learning_rate[0] <= genotype.learning_rate <= space.learning_rate[1]
        assert type(genotype).from_dict(genotype.to_dict()) == genotype
    if space.max_weights > 100:
        shares = np.array(sizes) / space.max_weights
        np.testing.assert_allclose(shares, np.repeat([0.95, 0.475, 0.24, 0.12], 3), rtol=0.12)


def test_of_two_plain_networks_of_a_size_one_is_dense_and_the_other_wider() -> None:
    dense, sparse = SPACE.plain(np.random.default_rng(0))[:2]
    assert dict(dense.segments[0].parameters)["density_2"] == 1.0 and dense.inputs_per_neuron == SPACE.n_inputs
    assert sparse.segments[0].n_neurons > 1.2 * dense.segments[0].n_neurons


def test_plain_networks_are_of_the_methods_of_the_space() -> None:
    for methods, expected in ((("static",), {"static"}), (("pruned", "rigl"), {"pruned"}), (("set",), set())):
        plain = replace(SPACE, methods=methods).plain(np.random.default_rng(0))
        assert {genotype.sparse_training.method for genotype in plain} == expected
    pruned = next(g for g in SPACE.plain(np.random.default_rng(0)) if g.sparse_training.method == "pruned")
    assert SPACE.wire(pruned).n_weights > 1.8 * weights_left(pruned, SPACE.wire(pruned))


@pytest.mark.parametrize("method", METHODS)
def test_every_operator_keeps_to_the_methods_of_the_space(method: Method) -> None:
    space, rng = replace(SPACE, methods=(method,)), np.random.default_rng(0)
    genotypes = [space.sample(rng) for _ in range(10)]
    genotypes += [space.mutate(genotype, rng) for genotype in genotypes]
    genotypes += [space.cross(first, second, rng) for first, second in pairwise(genotypes)]
    assert {genotype.sparse_training.method for genotype in genotypes} == {method}


def test_a_space_without_templates_has_no_plain_networks() -> None:
    assert MLPSpace(16, 10, 5000, priors=("watts-strogatz",)).plain(np.random.default_rng(0)) == []


def test_plain_networks_of_images_read_patches() -> None:
    plane = Plane(tuple(k // 8 for k in range(64)), tuple(k % 8 for k in range(64)))
    genotypes = MLPSpace(64, 10, 2000, plane=plane).plain(np.random.default_rng(0))
    assert {genotype.input_choice for genotype in genotypes} == {"patch"}
    assert {genotype.input_choice for genotype in SPACE.plain(np.random.default_rng(0))} == {"random"}


def test_a_genotype_is_pruned_after_its_training_and_its_children_in_theirs() -> None:
    space, rng = MLPSpace(n_inputs=60, n_outputs=5, max_weights=3000), np.random.default_rng(0)
    for seed in range(10):
        genotype = space.sample(np.random.default_rng(seed))
        pruned = genotype
        for _ in range(3):
            further = space.prune(pruned, rng)
            assert further is not None
            pruned = further
        wiring = space.wire(pruned)
        assert replace(pruned, sparse_training=genotype.sparse_training) == genotype
        assert weights_left(pruned, wiring) < weights_left(genotype, wiring)
        assert genotype_from_dict(pruned.to_dict()) == pruned
        assert phenotype_key(pruned, wiring) != phenotype_key(genotype, wiring) == first_key(pruned, wiring)
        for child in (space.mutate(pruned, rng), space.cross(pruned, genotype, rng)):
            assert not child.sparse_training.further
    assert replace(space, methods=("static", "rigl")).prune(genotype, rng) is None


def test_a_child_of_a_pruned_network_has_about_as_many_weights() -> None:
    space, rng = MLPSpace(n_inputs=60, n_outputs=5, max_weights=3000), np.random.default_rng(0)
    ratios = []
    for seed in range(60):
        pruned = space.prune(space.sample(np.random.default_rng(seed)), rng)
        assert pruned is not None
        n_weights, child = weights_left(pruned, space.wire(pruned)), space.mutate(pruned, rng)
        ratios.append(weights_left(child, space.wire(child)) / n_weights)
    assert 0.7 < np.median(ratios) < 1.4
