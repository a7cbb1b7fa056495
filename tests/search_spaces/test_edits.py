from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.edge_codes import decode
from search_spaces.edits import apply_edit
from search_spaces.genotype import EDIT_KINDS, Edit, EditKind, Segment
from search_spaces.segments import HiddenGraph, join_segments


def graph_of(n_neurons: int, mean_degree: float = 6.0) -> HiddenGraph:
    parameters = (("mean_degree", min(mean_degree, n_neurons - 1.0)),)
    return join_segments([Segment("erdos-renyi", parameters, n_neurons, 3, 0, n_neurons)], "index")


GRAPH = graph_of(50)


def test_adding_edges_keeps_the_old_ones() -> None:
    edited = apply_edit(GRAPH, Edit("add_edges", 0.2, 1))
    assert len(edited.codes) == len(GRAPH.codes) + round(0.2 * len(GRAPH.codes))
    assert np.isin(GRAPH.codes, edited.codes).all()


def test_removing_edges_keeps_the_others() -> None:
    edited = apply_edit(GRAPH, Edit("remove_edges", 0.2, 1))
    assert len(edited.codes) == len(GRAPH.codes) - round(0.2 * len(GRAPH.codes))
    assert np.isin(edited.codes, GRAPH.codes).all()


def test_rewiring_keeps_the_number_of_edges_and_most_of_them() -> None:
    edited = apply_edit(GRAPH, Edit("rewire_edges", 0.2, 1))
    assert len(edited.codes) == len(GRAPH.codes)
    kept = np.isin(GRAPH.codes, edited.codes).mean()
    assert 0.8 <= kept < 0.9


def test_adding_neurons_gives_them_keys_and_edges_of_their_own() -> None:
    edited = apply_edit(GRAPH, Edit("add_neurons", 0.2, 1))
    assert edited.n_neurons == 60
    is_old = np.isin(edited.keys, GRAPH.keys)
    assert np.array_equal(edited.keys[is_old], GRAPH.keys)
    assert len(np.unique(edited.keys)) == 60
    sources, targets = decode(edited.codes, 60)
    between_old = is_old[sources] & is_old[targets]
    place = np.cumsum(is_old) - 1
    old_codes = place[targets[between_old]] * 50 + place[sources[between_old]]
    assert np.array_equal(np.sort(old_codes), GRAPH.codes)
    added = np.flatnonzero(~is_old)
    degrees = np.bincount(np.concatenate([sources, targets]), minlength=60)[added]
    assert degrees.min() > 0
    assert degrees.mean() == pytest.approx(6.0, rel=0.4)


def test_removing_neurons_keeps_the_edges_between_the_others() -> None:
    edited = apply_edit(GRAPH, Edit("remove_neurons", 0.2, 1))
    assert edited.n_neurons == 40
    kept = np.flatnonzero(np.isin(GRAPH.keys, edited.keys))
    sources, targets = decode(edited.codes, 40)
    original_sources, original_targets = decode(GRAPH.codes, 50)
    n_expected = (np.isin(original_sources, kept) & np.isin(original_targets, kept)).sum()
    assert len(edited.codes) == n_expected
    assert np.isin(kept[targets] * 50 + kept[sources], GRAPH.codes).all()


@settings(deadline=None, max_examples=100)
@given(
    kind=st.sampled_from(EDIT_KINDS),
    n_neurons=st.integers(2, 40),
    mean_degree=st.floats(0.1, 40),
    share=st.floats(0.001, 0.5),
    seed=st.integers(0, 2**32),
)
def test_an_edit_gives_a_sorted_acyclic_graph_and_always_the_same(
    kind: EditKind, n_neurons: int, mean_degree: float, share: float, seed: int
) -> None:
    graph, edit = graph_of(n_neurons, mean_degree), Edit(kind, share, seed)
    edited = apply_edit(graph, edit)
    assert np.array_equal(edited.codes, np.unique(edited.codes))
    sources, targets = decode(edited.codes, edited.n_neurons)
    assert ((sources >= 0) & (sources < targets) & (targets < edited.n_neurons)).all()
    assert len(edited.keys) == edited.n_neurons >= 1
    again = apply_edit(graph, edit)
    assert np.array_equal(edited.codes, again.codes)
    assert np.array_equal(edited.keys, again.keys)


@pytest.mark.parametrize("kind", EDIT_KINDS)
def test_a_lone_neuron_can_be_edited(kind: EditKind) -> None:
    lone = HiddenGraph(1, np.array([], dtype=np.int64), np.array([1], dtype=np.uint64))
    assert apply_edit(lone, Edit(kind, 0.5, 1)).n_neurons == (2 if kind == "add_neurons" else 1)
