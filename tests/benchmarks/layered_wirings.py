"""Layered networks of given numbers of links to compare others with: drawn at random, biregular, lattices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from nas.sparsify.small_world import wiring_of
from search_spaces.wiring import Wiring


def from_links(junctions: Sequence[np.ndarray]) -> Wiring:
    """The network of some junctions, bool (after, before) each; a neuron on no path gets a link."""
    junctions = [links.copy() for links in junctions]
    for place, links in enumerate(junctions):
        for reader in np.flatnonzero(~links.any(axis=1)):
            links[reader, reader % links.shape[1]] = True
        if place:
            for source in np.flatnonzero(~links.any(axis=0)):
                links[source % links.shape[0], source] = True
    return wiring_of(junctions)


def random_links(widths: Sequence[int], counts: Sequence[int], rng: np.random.Generator) -> Wiring:
    """So many links in each junction, at random places (Erdos & Renyi)."""
    junctions = []
    for (before, after), n_links in zip(pairwise(widths), counts, strict=True):
        links = np.zeros(before * after, bool)
        links[rng.choice(before * after, n_links, replace=False)] = True
        junctions.append(links.reshape(after, before))
    return from_links(junctions)


def biregular(widths: Sequence[int], counts: Sequence[int], rng: np.random.Generator) -> Wiring:
    """As `random_links`, where all neurons of a layer read as many, and are read by as many, give or take one."""
    junctions = []
    for (before, after), n_links in zip(pairwise(widths), counts, strict=True):
        links = np.zeros((after, before), bool)
        readers = rng.permutation(after)
        # Sources in rounds of all of them; each reader takes the next ones, which differ while there are enough.
        sources = np.concatenate([rng.permutation(before) for _ in range(-(-n_links // before))])[:n_links]
        links[readers[np.arange(n_links) * after // n_links], sources] = True
        junctions.append(links)
    return from_links(junctions)


def lattice(widths: Sequence[int], counts: Sequence[int]) -> Wiring:
    """Layers on a ring, whose neurons read those of the layer before that are nearest."""
    junctions = []
    for (before, after), n_links in zip(pairwise(widths), counts, strict=True):
        places = [(np.arange(n) + 0.5) / n for n in (before, after)]
        gaps = np.abs(places[0][None] - places[1][:, None])
        gaps = np.minimum(gaps, 1.0 - gaps)
        links = np.zeros(gaps.size, bool)
        links[np.argsort(gaps, axis=None, kind="stable")[:n_links]] = True
        junctions.append(links.reshape(gaps.shape))
    return from_links(junctions)
