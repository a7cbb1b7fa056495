from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from search_spaces import mutation
from search_spaces.genes import GeneRanges, resized
from search_spaces.genotype import Edit, Genotype, Segment
from search_spaces.input_choice import INPUT_CHOICES
from search_spaces.mutation import MUTATIONS, Mutation, mutated
from search_spaces.priors import PRIORS
from search_spaces.sparse_training import METHODS

GRAPHS = tuple(name for name, prior in PRIORS.items() if not prior.is_template)
RANGES = GeneRanges(
    tuple(PRIORS),
    (0, 20),
    (4, 200),
    (2, 32),
    (5e-4, 2e-2),
    (0.02, 0.2),
    (0.02, 0.15),
    INPUT_CHOICES,
    METHODS,
    8.0,
)
SEGMENTS = (
    Segment("watts-strogatz", (("neighbours", 6), ("rewiring", 0.4)), 40, 1, 0, 25),
    Segment("layered", (("density", 0.5), ("layers", 3)), 30, 2, 10, 30),
)
EDITS = tuple(Edit("add_edges", 0.1, seed) for seed in range(8))
GENOTYPE = Genotype("mlp", SEGMENTS, "index", 8, EDITS, 3, "all", 0.5, 0.01, 0.1, 0.05, "relu", "random")

CHANGES: dict[Mutation, str] = {
    mutation.change_parameter: "segments",
    mutation.change_seed: "segments",
    mutation.change_prior: "segments",
    mutation.change_neurons: "segments",
    mutation.edit_edges: "edits",
    mutation.edit_neurons: "edits",
    mutation.change_activation: "activation",
    mutation.change_learning_rate: "learning_rate",
    mutation.change_dropout: "dropout",
    mutation.change_label_smoothing: "label_smoothing",
    mutation.change_sparse_training: "sparse_training",
    mutation.change_inputs_per_neuron: "inputs_per_neuron",
    mutation.change_input_choice: "input_choice",
    mutation.change_readout: "readout",
    mutation.change_readout_share: "readout_share",
    mutation.change_orientation: "orientation",
    mutation.change_max_depth: "max_depth",
}


def variants(change: Mutation, n_variants: int = 60) -> list[Genotype]:
    return [change(GENOTYPE, RANGES, np.random.default_rng(seed)) for seed in range(n_variants)]


def changed_genes(genotype: Genotype) -> set[str]:
    return {f.name for f in fields(Genotype) if getattr(genotype, f.name) != getattr(GENOTYPE, f.name)}


def test_every_mutation_is_listed() -> None:
    assert set(MUTATIONS) == set(CHANGES)


@pytest.mark.parametrize(("change", "gene"), CHANGES.items(), ids=lambda value: getattr(value, "__name__", value))
def test_a_mutation_changes_its_gene_and_no_other(change: Mutation, gene: str) -> None:
    changed = [changed_genes(variant) for variant in variants(change)]
    assert {gene} in changed
    with_it = {"segments", "inputs_per_neuron"} if gene == "sparse_training" else set()  # so that as much is left
    assert all(genes <= {gene} | with_it for genes in changed)


def test_a_changed_parameter_seed_or_prior_leaves_the_slice_alone() -> None:
    for change in (mutation.change_parameter, mutation.change_seed, mutation.change_prior):
        for variant in variants(change):
            before = [(segment.start, segment.stop, segment.n_neurons) for segment in SEGMENTS]
            assert [(s.start, s.stop, s.n_neurons) for s in variant.segments] == before


def test_all_priors_are_reached_and_the_mean_degree_stays() -> None:
    priors = {segment.prior for variant in variants(mutation.change_prior) for segment in variant.segments}
    assert priors == set(GRAPHS)
    for variant in variants(mutation.change_prior):
        prior, parameters = variant.segments[0].prior, dict(variant.segments[0].parameters)
        if prior != "layered":  # one layer has no edges at all
            assert PRIORS[prior].mean_degree(40, parameters) == pytest.approx(6.0, abs=1.0)


def test_the_number_of_neurons_keeps_to_its_range() -> None:
    genotype, rng = GENOTYPE, np.random.default_rng(0)
    sizes = []
    for _ in range(300):
        genotype = mutation.change_neurons(genotype, RANGES, rng)
        sizes.append(sum(segment.size for segment in genotype.segments))
    assert 1 < min(sizes) < 30
    assert 100 < max(sizes) <= 202  # slices are rounded up


def test_a_ninth_edit_drops_the_oldest() -> None:
    for variant in variants(mutation.edit_neurons, 10) + variants(mutation.edit_edges, 10):
        assert variant.edits[:7] == EDITS[1:]
        assert len(variant.edits) == 8
    assert {variant.edits[-1].kind for variant in variants(mutation.edit_edges)} == {
        "add_edges",
        "remove_edges",
        "rewire_edges",
    }


@pytest.mark.parametrize(
    ("change", "read", "low", "high"),
    [
        (mutation.change_inputs_per_neuron, lambda g: g.inputs_per_neuron, 0, 20),
        (mutation.change_max_depth, lambda g: g.max_depth, 2, 32),
        (mutation.change_learning_rate, lambda g: g.learning_rate, 5e-4, 2e-2),
        (mutation.change_readout_share, lambda g: g.readout_share, 1e-4, 1.0),
    ],
)
def test_numbers_walk_through_their_range_and_stay_in_it(
    change: Mutation, read: Callable[[Genotype], float], low: float, high: float
) -> None:
    genotype, rng, values = GENOTYPE, np.random.default_rng(0), []
    for _ in range(400):
        genotype = change(genotype, RANGES, rng)
        values.append(read(genotype))
    assert low <= min(values) <= max(values) == high
    assert min(values) < 0.5 * read(GENOTYPE)


def test_one_or_two_genes_change_at_a_time() -> None:
    changed = [changed_genes(variant) for variant in variants(mutated)]
    # What training does to the edges changes together with how many there are before it.
    counts = [len(genes) for genes in changed if "sparse_training" not in genes]
    assert set(counts) <= {0, 1, 2}
    assert counts.count(1) > 10
    assert counts.count(2) > 10


def test_resizing_keeps_the_relative_slice_and_the_degree() -> None:
    doubled = resized(SEGMENTS[0], 80)
    assert (doubled.n_neurons, doubled.start, doubled.stop, doubled.seed) == (80, 0, 50, 1)
    assert doubled.parameters == SEGMENTS[0].parameters
    assert dict(resized(SEGMENTS[0], 40, degree_factor=0.5).parameters)["neighbours"] in (2, 4)
    tiny = resized(SEGMENTS[1], 0)
    assert (tiny.n_neurons, tiny.start, tiny.stop) == (1, 0, 1)
