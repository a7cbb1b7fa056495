"""The frame of a wiring: between which layers it has edges, where training may grow others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nas.engine.layout import Network
from nas.sparsify.edges import Ends, Int64, Mask, absent, codes_of
from search_spaces.edge_codes import distinct
from search_spaces.sparse_training import Part
from search_spaces.wiring import Wiring

DRAW_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class Frame:
    """The layers of a wiring, as its longest paths make them, and the junctions between them.

    A junction is the edges from one layer to another; the inputs are a layer, and the outputs. An edge that is grown
    belongs to a junction that the wiring has, so that a layered template stays one, and no cycle can arise.

    Attributes:
        layer_of_source: int64 (n_inputs + n_hidden,): 0 of inputs, then that of hidden neurons, from 1.
        layer_of_target: int64 (n_hidden + n_outputs,): that of outputs is the highest.
        n_inputs, n_hidden: Of the wiring.
    """

    layer_of_source: Int64
    layer_of_target: Int64
    n_inputs: int
    n_hidden: int

    @classmethod
    def of(cls, wiring: Wiring) -> Frame:
        """The frame of a wiring as it was drawn."""
        levels = wiring.levels() + 1
        outputs = np.full(wiring.n_outputs, wiring.depth + 1)
        inputs = np.zeros(wiring.n_inputs, np.int64)
        return cls(
            np.concatenate([inputs, levels]), np.concatenate([levels, outputs]), wiring.n_inputs, wiring.n_hidden
        )

    def junctions(self, ends: Ends) -> Int64:
        """A number of the junction of each edge, int64 (n_edges,)."""
        n_layers = int(self.layer_of_target[-1]) + 1
        return self.layer_of_source[ends.sources] * n_layers + self.layer_of_target[ends.targets]

    def room(self, junctions: Int64) -> Int64:
        """How many edges each of some junctions could have, int64, shape of `junctions`."""
        n_layers = int(self.layer_of_target[-1]) + 1
        n_sources = np.bincount(self.layer_of_source, minlength=n_layers)
        n_targets = np.bincount(self.layer_of_target, minlength=n_layers)
        return np.asarray(n_sources[junctions // n_layers] * n_targets[junctions % n_layers])

    def is_of(self, part: Part, ends: Ends) -> Mask:
        """Whether each edge belongs to a part, bool (n_edges,)."""
        from_input, to_output = ends.sources < self.n_inputs, ends.targets >= self.n_hidden
        if part == "inputs":
            return np.asarray(from_input)
        if part == "readout":
            return np.asarray(to_output)
        if part == "hidden":
            return np.asarray(~from_input & ~to_output)
        return np.ones(len(ends.sources), bool)

    def absent_edges(self, network: Network, ends: Ends, wanted: Int64, rng: np.random.Generator) -> Ends:
        """Edges that a network does not have, drawn uniformly within each junction, each once.

        Args:
            network: The network.
            ends: All its edges.
            wanted: int64 (n_wanted,): for each edge wanted the number of its junction.
            rng: Source of randomness.

        Returns:
            As many in each junction as are wanted, or as were found.
        """
        n_layers = int(self.layer_of_target[-1]) + 1
        codes, width = codes_of(network, ends), self.n_inputs + self.n_hidden
        found = [np.empty(0, np.int64)]
        for junction, n_wanted in zip(*np.unique(wanted, return_counts=True), strict=True):
            layer, next_layer = divmod(int(junction), n_layers)
            sources = np.flatnonzero(self.layer_of_source == layer)
            targets = np.flatnonzero(self.layer_of_target == next_layer)
            drawn = np.empty(0, np.int64)
            for _ in range(DRAW_ROUNDS):
                n_missing = int(n_wanted) - len(drawn)
                if n_missing <= 0:
                    break
                n_drawn = n_missing + n_missing // 4 + 8  # some of them exist, or are drawn twice
                chosen = rng.choice(targets, n_drawn) * width + rng.choice(sources, n_drawn)
                new = Ends(chosen % width, chosen // width)
                is_before = new.sources - self.n_inputs < new.targets  # in the order in which neurons are computed
                drawn = distinct(np.concatenate([drawn, chosen[is_before & absent(network, new, codes)]]))
            found.append(rng.choice(drawn, int(n_wanted), replace=False) if len(drawn) > n_wanted else drawn)
        all_codes = np.concatenate(found)
        return Ends(all_codes % width, all_codes // width)
