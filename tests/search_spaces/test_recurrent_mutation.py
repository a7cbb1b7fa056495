from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from search_spaces import mutation, recurrent_mutation
from search_spaces.genotype import Edit, Segment
from search_spaces.mutation import Mutation
from search_spaces.priors import PRIORS
from search_spaces.recurrent_genotype import READINGS, RecurrentGenotype
from search_spaces.recurrent_mutation import RECURRENT_MUTATIONS, RecurrentRanges, mutated_recurrent
from search_spaces.recurrent_wiring import CELLS

GRAPHS = tuple(name for name, prior in PRIORS.items() if not prior.is_template)
RANGES = RecurrentRanges(
    GRAPHS,
    (1, 32),
    (5, 100),
    (2, 16),
    (1e-3, 3e-2),
    (0.02, 0.2),
    (0.02, 0.15),
    ("random",),
    ("static",),
    2.0,
    CELLS,
    (0, 32),
    (1, 20),
    (1, 50),
    True,
)
SEGMENTS = (Segment("watts-strogatz", (("neighbours", 4), ("rewiring", 0.4)), 20, 1, 0, 20),)
EDITS = (Edit("add_edges", 0.1, 1),)
GENOTYPE = RecurrentGenotype(
    "rnn", SEGMENTS, "index", 6, EDITS, 4, "all", 0.5, 0.01, 0.1, 0.1, "layered", "gru", 12, 9, 6, False, True, "mean"
)

CHANGES: dict[Mutation, str] = {
    recurrent_mutation.change_reading: "reading",
    recurrent_mutation.change_cell: "cell",
    recurrent_mutation.change_embedding: "embedding",
    recurrent_mutation.change_window: "window",
    recurrent_mutation.change_differences: "differences",
    recurrent_mutation.change_bidirectional: "bidirectional",
    recurrent_mutation.change_pooling: "pooling",
    mutation.change_learning_rate: "learning_rate",
    mutation.change_seed: "segments",
    mutation.edit_neurons: "edits",
}


def changed_genes(genotype: RecurrentGenotype, parent: RecurrentGenotype = GENOTYPE) -> set[str]:
    return {f.name for f in fields(parent) if getattr(genotype, f.name) != getattr(parent, f.name)}


@pytest.mark.parametrize(("change", "gene"), CHANGES.items(), ids=lambda value: getattr(value, "__name__", value))
def test_a_mutation_changes_its_gene_and_no_other(change: Mutation, gene: str) -> None:
    assert all(changed_genes(change(GENOTYPE, RANGES, np.random.default_rng(seed))) == {gene} for seed in range(30))


@pytest.mark.parametrize("reading", READINGS)
def test_only_genes_that_the_reading_uses_are_changed(reading: str) -> None:
    parent = replace(GENOTYPE, reading=reading)
    changes = [
        changed_genes(mutated_recurrent(parent, RANGES, np.random.default_rng(seed)), parent) for seed in range(300)
    ]
    assert {len(genes - {"window"}) for genes in changes} <= {0, 1, 2}  # a stride takes its window along
    unused = "inputs_per_neuron" if reading == "layered" else "max_depth"
    assert set().union(*changes) == {field.name for field in fields(parent)} - {"space", unused}
    assert len(RECURRENT_MUTATIONS[reading]) == 21


def test_cells_come_from_the_ranges() -> None:
    rng = np.random.default_rng(0)
    drawn = {recurrent_mutation.change_cell(GENOTYPE, RANGES, rng).cell for _ in range(40)}
    assert drawn == {"tanh", "relu", "lstm"}
    only = replace(RANGES, cells=("gru",))
    assert recurrent_mutation.change_cell(GENOTYPE, only, rng) is GENOTYPE


def test_the_embedding_walks_through_its_range_and_stays_in_it() -> None:
    genotype, rng, values = GENOTYPE, np.random.default_rng(0), []
    for _ in range(400):
        genotype = recurrent_mutation.change_embedding(genotype, RANGES, rng)
        values.append(genotype.embedding)
    assert min(values) == 0 and max(values) == 32


def test_a_stride_walks_through_its_range_and_windows_keep_their_overlap() -> None:
    genotype, rng, strides = GENOTYPE, np.random.default_rng(0), []
    for _ in range(400):
        genotype = recurrent_mutation.change_stride(genotype, RANGES, rng)
        strides.append(genotype.stride)
        assert genotype.stride <= genotype.window <= 50
    assert min(strides) == 1 and max(strides) == 20
    doubled = replace(GENOTYPE, window=9, stride=6)
    child = recurrent_mutation.change_stride(doubled, replace(RANGES, stride=(12, 12)), rng)
    assert (child.stride, child.window) == (12, 18)


def test_a_window_walks_between_the_stride_and_the_longest() -> None:
    genotype, rng, windows = GENOTYPE, np.random.default_rng(0), []
    for _ in range(400):
        genotype = recurrent_mutation.change_window(genotype, RANGES, rng)
        windows.append(genotype.window)
    assert min(windows) == GENOTYPE.stride and max(windows) == 50


def test_differences_are_read_only_where_there_are_any() -> None:
    rng = np.random.default_rng(0)
    without = replace(RANGES, has_differences=False)
    assert recurrent_mutation.change_differences(GENOTYPE, RANGES, rng).differences
    assert not recurrent_mutation.change_differences(GENOTYPE, without, rng).differences
