"""The space of cells keeps what `Space` promises, and so is searched by the same code."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from cell_space import EDGES, OPERATIONS, Cell, CellSize, CellSpace
from hypothesis import given
from hypothesis import strategies as st

from nas.evolution import Evolution, Member
from search_spaces.space import Space

SOME = tuple(Cell(operations) for operations in product(range(3), repeat=len(EDGES)))[:500]
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def space() -> Space[Cell, CellSize]:
    return CellSpace(SOME)


@given(seed=seeds, places=st.tuples(*[st.integers(0, len(SOME) - 1)] * 2))
def test_operators_stay_in_the_space_and_depend_on_the_generator_alone(
    space: Space[Cell, CellSize], seed: int, places: tuple[int, int]
) -> None:
    first, second = (SOME[place] for place in places)
    for operate in (space.sample, lambda rng: space.mutate(first, rng), lambda rng: space.cross(first, second, rng)):
        child = operate(np.random.default_rng(seed))
        assert child in SOME
        assert child == operate(np.random.default_rng(seed))


@given(seed=seeds, place=st.integers(0, len(SOME) - 1))
def test_a_mutant_differs_by_one_operation(space: Space[Cell, CellSize], seed: int, place: int) -> None:
    mutant = space.mutate(SOME[place], np.random.default_rng(seed))
    assert sum(one != other for one, other in zip(mutant.operations, SOME[place].operations, strict=True)) == 1


def test_a_cell_without_neighbours_still_has_mutants() -> None:
    far = Cell((0,) * len(EDGES)), Cell((1,) * len(EDGES))
    assert CellSpace(far).mutate(far[0], np.random.default_rng(0)) == far[1]


@given(seed=seeds)
def test_a_child_has_each_operation_from_a_parent(seed: int) -> None:
    whole = CellSpace([Cell(operations) for operations in product(range(2), repeat=len(EDGES))])
    first, second = Cell((0,) * len(EDGES)), Cell((1,) * len(EDGES))
    child = whole.cross(first, second, np.random.default_rng(seed))
    assert child not in (first, second)


def test_its_graph_names_the_operations_of_its_edges() -> None:
    graph = Cell((0, 1, 2, 3, 4, 0)).graph
    edges = list(zip(graph.sources.tolist(), graph.targets.tolist(), strict=True))
    assert (graph.n_vertices, graph.is_directed, edges) == (4, True, list(EDGES))
    assert graph.operations == tuple(OPERATIONS[place].name for place in (0, 1, 2, 3, 4, 0))


def test_evolution_searches_it(space: Space[Cell, CellSize]) -> None:
    """Of one objective, where all networks are of one size: it finds what most cells are far from."""
    evolution = Evolution(space, population_size=10, seed=0, key_of=lambda cell, wiring: cell.key())

    def score(cell: Cell) -> float:
        return 1.0 - sum(cell.operations) / 12

    best = []
    for _ in range(20):
        children = evolution.ask(evolution.parents(), 5)
        evolution.begin(child.key for child in children)
        members = [Member(c.key, c.genotype, score(c.genotype), c.wiring.n_weights, n_rungs=1) for c in children]
        evolution.tell(members)
        best.append(max(member.score for member in evolution.population))
    assert best == sorted(best)
    assert best[-1] >= 1.0 - 1 / 12  # 7 of 500 cells are as good
