"""Random candidates such as a search on MNIST draws: about 200 neurons and 8,000 to 16,000 edges."""

from __future__ import annotations

import numpy as np

from search_spaces import MLPSpace
from search_spaces.wiring import Wiring

N_INPUTS, N_OUTPUTS = 784, 10
FEWEST_EDGES, MOST_EDGES = 8_000, 16_000
NEURONS = (150, 250)


def draw_wirings(n: int, seed: int = 0, n_inputs: int = N_INPUTS) -> list[Wiring]:
    """The first so many candidates of the space of MLPs that have so many edges, all priors alike."""
    space, rng = MLPSpace(n_inputs, N_OUTPUTS, MOST_EDGES, neurons=NEURONS), np.random.default_rng(seed)
    wirings: list[Wiring] = []
    while len(wirings) < n:
        wiring = space.wire(space.sample(rng))
        if wiring.n_edges >= FEWEST_EDGES:
            wirings.append(wiring)
    return wirings


def described(wirings: list[Wiring]) -> str:
    """How many candidates, and how large."""
    edges, neurons = (np.mean([getattr(w, name) for w in wirings]) for name in ("n_edges", "n_hidden"))
    return f"{len(wirings)} candidates drawn with seed 0, on average {edges:,.0f} edges and {neurons:.0f} neurons"
