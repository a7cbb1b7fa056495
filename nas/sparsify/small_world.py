"""Trimming before training: a layered network cut down to a hierarchical small world of a given number of weights.

After Krishnan, Du & Cao, "Structural pruning in deep neural networks: a small-world approach" (arXiv 1911.04453), whose
exact rule is not published. Neurons of all layers lie on one ring and are cut into modules; most links stay within a
module, the others go to near modules rather than to far ones, and a few go anywhere, as in Watts & Strogatz (1998).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import shortest_path

from search_spaces.wiring import Wiring

REACH = 0.05  # of the ring, over which links between modules become fewer by a factor of e
INNER_DENSITY = 0.8  # of the links within a module, by which the number of modules is chosen
REPAIRS = 50
N_RANDOM = 3  # random references for the small-worldness

Int64 = NDArray[np.int64]
Links = NDArray[np.bool_]
"""Which neuron of a layer reads which of the layer before, (after, before)."""


@dataclass(frozen=True)
class SmallWorldness:
    """Whether a layered network is a small world.

    Attributes:
        clustering: Squares over paths of three links (Robins & Alexander 2004): layers have no triangles.
        length: Mean distance of the pairs of neurons that are connected, links taken both ways.
        sigma: Clustering over that of random networks, over the same of lengths; above 1 for a small world.
        n_far: Links between neurons more than a tenth of the ring apart.
        is_connected: Whether every output is reached from every input.
    """

    clustering: float
    length: float
    sigma: float
    n_far: int
    is_connected: bool


def small_world(
    widths: tuple[int, ...],
    n_weights: int,
    rng: np.random.Generator,
    *,
    far_share: float = 0.05,
    near_share: float = 0.15,
) -> Wiring:
    """A hierarchical small world of layers.

    Args:
        widths: Inputs, each hidden layer, and outputs.
        n_weights: Links wanted, at least enough for each neuron to read and to be read.
        rng: Source of randomness.
        far_share: Of the links, that go anywhere.
        near_share: Of the links, that go to other modules, near ones above all.

    Raises:
        ValueError: There cannot be so few links, or so many; or so few cannot connect all inputs with all outputs.
    """
    fewest, most = sum(max(pair) for pair in pairwise(widths)), sum(a * b for a, b in pairwise(widths))
    if not fewest <= n_weights <= most:
        raise ValueError(f"small_world: n_weights is {n_weights}; layers of {widths} can have {fewest} to {most}.")
    junctions = [
        _junction(before, after, n_links, far_share, near_share, rng)
        for (before, after), n_links in zip(pairwise(widths), junction_sizes(widths, n_weights), strict=True)
    ]
    return wiring_of(_connected(junctions, rng))


def wiring_of(junctions: Sequence[Links]) -> Wiring:
    """The wiring of a layered network, given the links of each junction."""
    widths = [junctions[0].shape[1], *(links.shape[0] for links in junctions)]
    starts, sources, targets = np.cumsum([0, *widths]), [], []
    for layer, links in enumerate(junctions):
        readers, read = np.nonzero(links)
        sources.append(starts[layer] + read)
        targets.append(starts[layer + 1] - widths[0] + readers)
    edges = np.concatenate(sources), np.concatenate(targets)
    return Wiring.from_edges(widths[0], sum(widths[1:-1]), widths[-1], *edges)


def _reach(junctions: Sequence[Links]) -> Links:
    """Which output is reached from which neuron that the first junction reads, bool (n_outputs, before)."""
    reach = np.eye(junctions[-1].shape[0], dtype=np.float32)
    for links in reversed(junctions):
        reach = (reach @ links.astype(np.float32) > 0).astype(np.float32)
    return np.asarray(reach > 0)


def _connected(junctions: Sequence[Links], rng: np.random.Generator) -> list[Links]:
    """The same with some links of the first junction moved, so that every output is reached from every input.

    Raises:
        ValueError: So few links cannot do that.
    """
    first, rest = junctions[0].copy(), junctions[1:]
    from_first = _reach(rest)  # (n_outputs, n_first)
    for _ in range(REPAIRS):
        ways = from_first.astype(np.float32) @ first.astype(np.float32)  # (n_outputs, n_inputs)
        is_reached = ways > 0
        lacking = np.flatnonzero(~is_reached.all(axis=0))
        if not len(lacking):
            return [first, *rest]
        is_new = np.zeros_like(first)
        for source in lacking:
            gain = from_first[~is_reached[:, source]].sum(axis=0) * ~first[:, source]
            is_new[int(np.argmax(gain)), source] = True
        first |= is_new
        fewest = np.stack([ways[read_by].min(axis=0, initial=np.inf) for read_by in from_first.T])  # as first
        spare = first & ~is_new & (fewest > 1) & (first.sum(axis=1, keepdims=True) > 1)  # not the only way anywhere
        spare[:, lacking] = False
        places = rng.permutation(np.flatnonzero(spare))
        for width in (first.shape[1], 1):  # at most one of each reader and of each source
            key = places // width if width > 1 else places % first.shape[1]
            places = places[np.sort(np.unique(key, return_index=True)[1])]
        places = places[: int(is_new.sum())]
        first.ravel()[places] = False
        _refill(first, is_new, len(places))
    raise ValueError("small_world: so few links cannot connect all inputs with all outputs. Ask for more.")


def _refill(links: Links, is_new: Links, n_removed: int) -> None:
    """Take back the new links for which no other could be removed."""
    for place in np.flatnonzero(is_new)[n_removed:]:
        links.ravel()[place] = False


def junction_sizes(widths: tuple[int, ...], n_weights: int) -> list[int]:
    """Links of each junction, in proportion to the neurons at its ends (Mocanu et al. 2018), where there is room."""
    room = np.array([a * b for a, b in pairwise(widths)])
    least = np.array([max(pair) for pair in pairwise(widths)])
    weight = np.array([a + b for a, b in pairwise(widths)], float)
    sizes = np.zeros(len(room))
    is_full = np.zeros(len(room), bool)
    for _ in room:  # what does not fit goes to the others
        left = n_weights - sizes[is_full].sum()
        sizes[~is_full] = left * weight[~is_full] / weight[~is_full].sum()
        bounded = np.clip(sizes, least, room)
        if (bounded == sizes).all():
            break
        is_full |= bounded != sizes
        sizes = bounded
        if is_full.all():
            break
    whole = np.clip(np.round(sizes).astype(np.int64), least, room)
    while (excess := int(whole.sum()) - n_weights) != 0:  # rounding, and bounds that were met one after the other
        step = -1 if excess > 0 else 1
        can = np.flatnonzero(whole > least) if excess > 0 else np.flatnonzero(whole < room)
        place = can[np.argmax((whole if excess > 0 else room - whole)[can])]
        span = int(whole[place] - least[place]) if excess > 0 else int(room[place] - whole[place])
        whole[place] += step * min(abs(excess), span)
    return whole.tolist()  # type: ignore[no-any-return]


def _junction(
    before: int, after: int, n_links: int, far_share: float, near_share: float, rng: np.random.Generator
) -> Links:
    """The links of a junction, bool (after, before)."""
    ring_before, ring_after = (np.arange(n) + 0.5 for n in (before, after))
    ring_before, ring_after = ring_before / before, ring_after / after
    gaps = np.abs(ring_before[None] - ring_after[:, None])
    gaps = np.minimum(gaps, 1.0 - gaps)  # (after, before)
    inner_wanted = (1.0 - far_share - near_share) * n_links
    n_modules = max(1, min(before, after, round(INNER_DENSITY * before * after / max(inner_wanted, 1.0))))
    is_inner = (ring_before * n_modules).astype(int)[None] == (ring_after * n_modules).astype(int)[:, None]
    chosen = np.zeros((after, before), bool)
    chosen[_backbone(gaps)] = True
    for wanted, probability in (
        (inner_wanted, is_inner.astype(float)),
        ((1.0 - far_share) * n_links, ~is_inner * np.exp(-gaps / REACH)),
        (float(n_links), ~is_inner * 1.0),
        (float(n_links), np.ones_like(gaps)),
    ):
        n_missing = min(round(wanted), n_links) - int(chosen.sum())
        free = probability * ~chosen
        n_drawn = min(n_missing, int(np.count_nonzero(free)))
        if n_drawn > 0:
            flat = free.ravel() / free.sum()
            chosen.ravel()[rng.choice(flat.size, n_drawn, replace=False, p=flat)] = True
    return chosen


def _backbone(gaps: NDArray[np.float64]) -> tuple[Int64, Int64]:
    """For each neuron of the larger side its nearest of the other, evenly used, so that all read and are read."""
    after, before = gaps.shape
    n = max(after, before)
    return np.arange(n) * after // n, np.arange(n) * before // n


def small_worldness(wiring: Wiring, rng: np.random.Generator) -> SmallWorldness:
    """Compare a layered network with random ones that have as many links in each junction.

    Args:
        wiring: Layers whose neurons read the layer before alone.
        rng: Draws the references.
    """
    layers = _layers(wiring)
    own = _measured(layers)
    draws = np.array([_measured([_shuffled(links, rng) for links in layers]) for _ in range(N_RANDOM)])
    clustering, length = draws.mean(axis=0)
    sigma = (own[0] / max(clustering, 1e-12)) / (own[1] / length)
    n_far = 0
    for links in layers:
        after, before = links.shape
        readers, read = np.nonzero(links)
        gaps = np.abs((readers + 0.5) / after - (read + 0.5) / before)
        n_far += int((np.minimum(gaps, 1.0 - gaps) > 0.1).sum())
    return SmallWorldness(float(own[0]), float(own[1]), float(sigma), n_far, bool(_reach(layers).all()))


def _layers(wiring: Wiring) -> list[Links]:
    """Which neuron of each layer reads which of the layer before, bool (after, before) each."""
    levels = wiring.levels()
    widths = [wiring.n_inputs, *np.bincount(levels).tolist(), wiring.n_outputs]
    starts = np.cumsum([0, *widths])
    targets = wiring.n_inputs + np.repeat(np.arange(len(wiring.indptr) - 1), np.diff(wiring.indptr))
    layers = []
    for layer, (before, after) in enumerate(pairwise(widths)):
        links = np.zeros((after, before), bool)
        is_own = (targets >= starts[layer + 1]) & (targets < starts[layer + 2])
        links[targets[is_own] - starts[layer + 1], wiring.indices[is_own] - starts[layer]] = True
        layers.append(links)
    return layers


def _shuffled(links: Links, rng: np.random.Generator) -> Links:
    """A junction of the same size, whose links are drawn at random."""
    drawn = np.zeros(links.size, bool)
    drawn[rng.choice(links.size, int(links.sum()), replace=False)] = True
    return drawn.reshape(links.shape)


def _measured(layers: list[Links]) -> tuple[float, float]:
    """Clustering and mean distance; see `SmallWorldness`."""
    n_squares = n_paths = 0.0
    for links in layers:
        shared = links.astype(np.float64) @ links.T.astype(np.float64)  # what two neurons both read
        pairs = np.triu(shared, 1)
        n_squares += float((pairs * (pairs - 1) / 2).sum())
        reads, read_by = links.sum(axis=1), links.sum(axis=0)
        n_paths += float((links * (reads[:, None] - 1.0) * (read_by[None] - 1.0)).sum())
    starts = np.cumsum([0, *[layers[0].shape[1]], *[links.shape[0] for links in layers]])
    both = [np.nonzero(links) for links in layers]
    read = np.concatenate([starts[layer] + of_one for layer, (_, of_one) in enumerate(both)])
    readers = np.concatenate([starts[layer + 1] + of_one for layer, (of_one, _) in enumerate(both)])
    graph = coo_array((np.ones(len(read)), (read, readers)), shape=(starts[-1], starts[-1])).tocsr()
    distances = shortest_path(graph, directed=False, unweighted=True)
    finite = distances[np.isfinite(distances) & (distances > 0)]
    return (4.0 * n_squares / n_paths if n_paths else 0.0), float(finite.mean()) if len(finite) else math.inf
