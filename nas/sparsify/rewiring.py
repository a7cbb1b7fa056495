"""Rewiring: edges dropped while a network is trained, and as many grown in the same junctions.

"SET" (Mocanu et al. 2018) grows them at random. "RigL" (Evci et al. 2020) grows those whose weights have the largest
gradients; here among a drawn sample of absent edges, so that the cost stays in proportion to the edges that exist.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nas.engine.layout import Float32, Network
from nas.engine.state import TrainingState
from nas.engine.wiring_changes import Look, edge_gradients
from nas.sparsify.edges import Ends, Int64, Mask, changed, ends_of
from nas.sparsify.frame import Frame

SAMPLED_FOR_EACH = 10  # absent edges whose gradients are looked at, for each that is to be grown


def rewired(
    network: Network,
    state: TrainingState,
    is_kept: Mask,
    saliency: NDArray[np.floating],
    frame: Frame,
    rng: np.random.Generator,
    look: Callable[[], Look] | None,
) -> tuple[Network, TrainingState]:
    """A network and its state after edges are replaced.

    Args:
        network, state: As they are, with one set of weights.
        is_kept: The edges that are not to be replaced, bool (n_edges,).
        saliency: Of each edge, (n_edges,): where a junction has no room for others, those of the highest stay.
        frame: Where edges may be grown. Each junction grows the number of edges that it loses.
        rng: Source of randomness.
        look: What the network does on a batch, for RigL, whose new weights are 0; None for SET, whose new weights are
            drawn as they were at the beginning, by the fan-in of their neuron.
    """
    ends = ends_of(network)
    junctions = frame.junctions(ends)
    lost = junctions[~is_kept]
    if look is None:
        grown = frame.absent_edges(network, ends, lost, rng)
        fan_in = np.diff(network.indptr)[grown.targets]
        weights = rng.standard_normal(len(fan_in)) / np.sqrt(np.maximum(fan_in, 1))
    else:
        sampled = frame.absent_edges(network, ends, np.repeat(lost, SAMPLED_FOR_EACH), rng)
        chosen = _strongest(
            frame.junctions(sampled), np.abs(edge_gradients(sampled.sources, sampled.targets, look())), lost
        )
        grown = Ends(sampled.sources[chosen], sampled.targets[chosen])
        weights = np.zeros(len(chosen))
    is_kept = is_kept | _restored(junctions, ~is_kept, saliency, frame.junctions(grown))
    return changed(network, state, is_kept, grown, weights.astype(np.float32))


def _restored(junctions: Int64, is_dropped: Mask, saliency: NDArray[np.floating], grown: Int64) -> Mask:
    """The dropped edges that stay after all, the most salient where fewer are grown than dropped: bool (n_edges,)."""
    is_restored = np.zeros(len(junctions), bool)
    places = np.flatnonzero(is_dropped)
    for junction, n_dropped in zip(*np.unique(junctions[places], return_counts=True), strict=True):
        n_short = int(n_dropped - np.count_nonzero(grown == junction))
        of_junction = places[junctions[places] == junction]
        is_restored[of_junction[np.argsort(-saliency[of_junction], kind="stable")[:n_short]]] = True
    return is_restored


def _strongest(junctions: Int64, strength: Float32, lost: Int64) -> Int64:
    """Places of the strongest edges of each junction: the number that the junction loses. int64 (n_chosen,)."""
    chosen = [np.empty(0, np.int64)]
    for junction, n in zip(*np.unique(lost, return_counts=True), strict=True):
        places = np.flatnonzero(junctions == junction)
        order = np.argpartition(-strength[places], n - 1)[:n] if n < len(places) else slice(None)
        chosen.append(np.sort(places[order]))
    return np.concatenate(chosen)
