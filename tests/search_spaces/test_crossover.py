from __future__ import annotations

from dataclasses import replace

import numpy as np

from search_spaces.crossover import SCALAR_GENES, crossed
from search_spaces.genotype import Edit, Genotype, Segment


def segment(seed: int, n_neurons: int = 100) -> Segment:
    return Segment("random-regular", (("degree", 4),), n_neurons, seed, 0, n_neurons)


FIRST = Genotype(
    "mlp", (segment(1),), "index", 5, (Edit("add_edges", 0.1, 1),), 2, "all", 0.5, 0.01, 0.0, 0.1, "relu", "patch"
)
SECOND = Genotype(
    "mlp", (segment(2),), "random", 9, (Edit("add_edges", 0.1, 2),), 7, "sinks", 0.9, 0.002, 0.2, 0.0, "tanh", "rows"
)


def children(first: Genotype, second: Genotype, n_children: int = 200) -> list[Genotype]:
    return [crossed(first, second, np.random.default_rng(seed)) for seed in range(n_children)]


def test_the_front_comes_from_the_first_and_the_back_from_the_second() -> None:
    for child in children(FIRST, SECOND):
        front, back = child.segments
        assert (front.seed, front.start) == (1, 0)
        assert (back.seed, back.stop) == (2, 100)
        assert front.stop == back.start
        assert 25 <= front.stop <= 75


def test_every_other_gene_comes_from_either_parent() -> None:
    for name in SCALAR_GENES:
        values = [getattr(child, name) for child in children(FIRST, SECOND)]
        assert set(values) == {getattr(FIRST, name), getattr(SECOND, name)}
    seeds = {tuple(edit.seed for edit in child.edits) for child in children(FIRST, SECOND)}
    assert seeds == {(), (1,), (2,), (1, 2)}


def test_a_parent_crossed_with_itself_has_its_own_graph() -> None:
    assert all(child.segments == FIRST.segments for child in children(FIRST, FIRST, 20))


def test_parents_of_one_neuron_have_a_child_of_two() -> None:
    lone = [replace(parent, segments=(replace(parent.segments[0], stop=1),)) for parent in (FIRST, SECOND)]
    for child in children(*lone, n_children=20):
        assert [part.size for part in child.segments] == [1, 1]


def test_a_child_keeps_its_four_largest_segments_in_order_and_its_last_eight_edits() -> None:
    sizes = [10, 40, 30, 20]
    parents = [
        replace(
            parent,
            segments=tuple(segment(10 * place + i, size) for i, size in enumerate(sizes)),
            edits=tuple(Edit("add_edges", 0.1, 10 * place + i) for i in range(8)),
        )
        for place, parent in enumerate((FIRST, SECOND))
    ]
    for child in children(*parents, n_children=50):
        assert len(child.segments) <= 4
        seeds = [part.seed for part in child.segments]
        assert seeds == sorted(seeds)
        assert min(part.size for part in child.segments) >= 5
        edit_seeds = [edit.seed for edit in child.edits]
        assert edit_seeds == sorted(edit_seeds)
        assert len(edit_seeds) <= 8
