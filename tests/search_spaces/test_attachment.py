from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from search_spaces.attachment import attach, hidden_graph, n_neurons_read
from search_spaces.genotype import EDIT_KINDS, Edit, Genotype, Segment
from search_spaces.wiring import Wiring

SEGMENTS = (
    Segment("watts-strogatz", (("neighbours", 6), ("rewiring", 0.4)), 40, 11, 0, 25),
    Segment("barabasi-albert", (("attachments", 3),), 40, 12, 20, 40),
)
GENOTYPE = Genotype("mlp", SEGMENTS, "index", 8, (), 3, "all", 0.3, 0.01, 0.1, 0.05, "relu", "random")


def wire(genotype: Genotype, n_inputs: int = 16, n_outputs: int = 5) -> Wiring:
    return attach(hidden_graph(genotype), genotype, n_inputs, n_outputs)


def input_rows(wiring: Wiring) -> list[list[int]]:
    rows = [row.tolist() for row in np.split(wiring.indices, wiring.indptr[1:-1])]
    return [[source for source in row if source < wiring.n_inputs] for row in rows[: wiring.n_hidden]]


def test_each_genotype_has_one_wiring_for_ever() -> None:
    edits = tuple(Edit(kind, 0.1, seed) for seed, kind in enumerate(EDIT_KINDS))
    wiring = wire(replace(GENOTYPE, edits=edits, orientation="random"))
    digest = hashlib.sha256(wiring.indptr.astype("<i4").tobytes() + wiring.indices.astype("<i4").tobytes())
    assert digest.hexdigest() == "6a3763ee054580da4f3593c2b79a89804434efdc859bceb4268f6a9ec96b6c08"


@pytest.mark.parametrize(("per_neuron", "per_source"), [(0, 1), (1, 4), (3, 12), (5, 16), (99, 16)])
def test_neurons_without_hidden_sources_read_four_times_the_inputs(per_neuron: int, per_source: int) -> None:
    wiring = wire(replace(GENOTYPE, inputs_per_neuron=per_neuron))
    levels = wiring.levels()
    for level, inputs in zip(levels.tolist(), input_rows(wiring), strict=True):
        assert len(inputs) == (per_source if level == 0 else min(per_neuron, 16))


def test_more_inputs_per_neuron_extend_those_there_were() -> None:
    fewer, more = (input_rows(wire(replace(GENOTYPE, inputs_per_neuron=count))) for count in (2, 3))
    assert all(set(before) < set(after) for before, after in zip(fewer, more, strict=True))


def test_the_front_of_a_segment_inherits_its_inputs() -> None:
    whole = replace(GENOTYPE, segments=SEGMENTS[:1], max_depth=100)
    child = replace(GENOTYPE, max_depth=100, segments=(replace(SEGMENTS[0], stop=15), SEGMENTS[1]))
    assert input_rows(wire(whole))[:15] == input_rows(wire(child))[:15]


def test_outputs_read_their_share_and_every_sink_is_read() -> None:
    wiring = wire(GENOTYPE)
    n_hidden = wiring.n_hidden
    row_lengths = np.diff(wiring.indptr)[n_hidden:]
    assert n_hidden == 45
    assert row_lengths.min() >= n_neurons_read(0.3, 45) == 14
    sources, _ = wiring.hidden_edges()
    sinks = np.setdiff1d(np.arange(n_hidden), sources)
    read = wiring.indices[wiring.indptr[n_hidden] :] - wiring.n_inputs
    assert np.isin(sinks, read).all()
    assert row_lengths.sum() - 5 * 14 <= len(sinks)


def test_outputs_that_read_sinks_read_nothing_else() -> None:
    wiring = wire(replace(GENOTYPE, readout="sinks", readout_share=1.0))
    sources, _ = wiring.hidden_edges()
    sinks = np.setdiff1d(np.arange(wiring.n_hidden), sources) + wiring.n_inputs
    for output in range(5):
        row = wiring.n_hidden + output
        assert wiring.indices[wiring.indptr[row] : wiring.indptr[row + 1]].tolist() == sinks.tolist()


@pytest.mark.parametrize(("share", "n_readable", "n_read"), [(0.1, 30, 3), (1e-4, 30, 1), (1.0, 7, 7), (0.11, 30, 4)])
def test_the_share_of_neurons_read_is_rounded_up(share: float, n_readable: int, n_read: int) -> None:
    assert n_neurons_read(share, n_readable) == n_read


@pytest.mark.parametrize("max_depth", [1, 2, 5, 30])
def test_depth_is_limited_after_the_edits(max_depth: int) -> None:
    edits = (Edit("add_edges", 0.5, 1), Edit("add_neurons", 0.5, 2))
    wiring = wire(replace(GENOTYPE, edits=edits, max_depth=max_depth))
    assert 1 <= wiring.depth <= max_depth


def test_the_smallest_network_has_one_path() -> None:
    lone = (replace(SEGMENTS[0], stop=1),)
    wiring = wire(replace(GENOTYPE, segments=lone, inputs_per_neuron=0), n_inputs=9, n_outputs=1)
    assert (wiring.n_hidden, wiring.n_weights) == (1, 2)
