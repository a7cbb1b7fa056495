"""What every search space promises."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from search_spaces import SPACES, AnyGenotype, AnyWiring, SearchSpace, genotype_from_dict, weights_left

N_INPUTS, N_OUTPUTS, MAX_WEIGHTS = 12, 4, 600


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def is_same(first: AnyWiring, second: AnyWiring) -> bool:
    names = [field.name for field in fields(first)]
    return type(first) is type(second) and all(
        np.array_equal(getattr(first, name), getattr(second, name)) for name in names
    )


@pytest.mark.parametrize("name", SPACES)
class TestSearchSpace:
    @pytest.fixture
    def space(self, name: str) -> SearchSpace:
        return SPACES[name](n_inputs=N_INPUTS, n_outputs=N_OUTPUTS, max_weights=MAX_WEIGHTS)

    @pytest.fixture
    def population(self, space: SearchSpace) -> list[AnyGenotype]:
        return [space.sample(rng_of(seed)) for seed in range(20)]

    def test_it_is_named_as_it_is_registered(self, space: SearchSpace, name: str) -> None:
        assert space.name == name
        assert space.sample(rng_of(0)).space == name

    def test_samples_differ(self, population: list[AnyGenotype]) -> None:
        assert len({genotype.key() for genotype in population}) == len(population)

    def test_the_generator_state_decides_the_result(self, space: SearchSpace, population: list[AnyGenotype]) -> None:
        first, second = population[:2]
        assert space.sample(rng_of(5)) == space.sample(rng_of(5))
        assert space.mutate(first, rng_of(5)) == space.mutate(first, rng_of(5))
        assert space.cross(first, second, rng_of(5)) == space.cross(first, second, rng_of(5))

    def test_a_mutant_differs_from_its_parent(self, space: SearchSpace, population: list[AnyGenotype]) -> None:
        for seed, genotype in enumerate(population):
            assert space.mutate(genotype, rng_of(seed)).key() != genotype.key()

    def test_a_child_takes_after_both_parents(self, space: SearchSpace, population: list[AnyGenotype]) -> None:
        children = [space.cross(population[0], population[1], rng_of(seed)) for seed in range(20)]
        assert len({child.key() for child in children}) > 1
        assert not any(child in population[:2] for child in children)

    def test_the_same_genotype_has_the_same_wiring(self, space: SearchSpace, population: list[AnyGenotype]) -> None:
        for genotype in population:
            restored = genotype_from_dict(genotype.to_dict())
            assert restored == genotype
            assert restored.key() == genotype.key()
            assert is_same(space.wire(genotype), space.wire(restored))

    def test_networks_have_the_right_ends_and_no_more_weights_than_allowed(
        self, space: SearchSpace, population: list[AnyGenotype]
    ) -> None:
        offspring = [space.mutate(genotype, rng_of(1)) for genotype in population]
        offspring += [space.cross(population[0], genotype, rng_of(2)) for genotype in population]
        for genotype in population + offspring:
            wiring = space.wire(genotype)
            assert (wiring.n_inputs, wiring.n_outputs) == (N_INPUTS, N_OUTPUTS)
            assert weights_left(genotype, wiring) <= MAX_WEIGHTS
