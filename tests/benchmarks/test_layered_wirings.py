"""The layered networks that others are compared with have the links that they are said to have."""

from __future__ import annotations

import numpy as np
import pytest
from layered_wirings import biregular, lattice, random_links

from search_spaces.wiring import Wiring

WIDTHS, COUNTS = (40, 30, 20, 5), (300, 200, 60)


def degrees(wiring: Wiring) -> tuple[np.ndarray, np.ndarray]:
    """How many sources each neuron has, and how many readers each input and hidden neuron has."""
    return np.diff(wiring.indptr), np.bincount(wiring.indices, minlength=wiring.n_inputs + wiring.n_hidden)


@pytest.mark.parametrize("make", [random_links, biregular, lambda widths, counts, rng: lattice(widths, counts)])
def test_there_are_as_many_links_as_asked_for_and_they_join_neighbouring_layers(make) -> None:  # type: ignore[no-untyped-def]
    wiring = make(WIDTHS, COUNTS, np.random.default_rng(0))
    assert (wiring.n_inputs, wiring.n_hidden, wiring.n_outputs) == (40, 50, 5)
    assert wiring.n_edges == pytest.approx(sum(COUNTS), rel=0.03)
    assert wiring.depth == 2
    assert wiring.levels().tolist() == [0] * 30 + [1] * 20


def test_in_a_biregular_network_all_neurons_of_a_layer_have_about_as_many_links() -> None:
    n_sources, n_readers = degrees(biregular(WIDTHS, COUNTS, np.random.default_rng(0)))
    for layer in (n_sources[:30], n_sources[30:50], n_sources[50:], n_readers[:40], n_readers[40:70], n_readers[70:]):
        assert np.ptp(layer) <= 2
    loose, _ = degrees(random_links(WIDTHS, COUNTS, np.random.default_rng(0)))
    assert np.ptp(loose[:30]) > 4


def test_neurons_of_a_lattice_read_what_is_near_on_the_ring() -> None:
    wiring = lattice(WIDTHS, COUNTS)
    first = wiring.indices[: wiring.indptr[30]]
    readers = np.repeat(np.arange(30), np.diff(wiring.indptr[:31]))
    gaps = np.abs((first + 0.5) / 40 - (readers + 0.5) / 30)
    assert np.minimum(gaps, 1 - gaps).max() < 0.15
