"""Graph priors: the families of random graphs that a wiring can be drawn from."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from search_spaces.edge_codes import Int64Array
from search_spaces.graphs import (
    ATTACHMENTS,
    DEGREE,
    DENSITY,
    LAYERS,
    MEAN_DEGREE,
    NEIGHBOURS,
    REWIRING,
    barabasi_albert,
    erdos_renyi,
    layered,
    random_regular,
    watts_strogatz,
)
from search_spaces.parameters import Parameter, PriorError, check_neurons


@dataclass(frozen=True)
class Prior:
    """A family of random graphs.

    Attributes:
        name: Its name in a genotype.
        generate: (n_neurons, rng, **parameters) -> edges, int64 of shape (n_edges, 2).
        parameters: What can be varied, by name.
        min_neurons: Fewest vertices it can have.
        is_directed: Whether its edges already lead from source to target.
        set_degree: (n_neurons, parameters, mean degree) -> the parameter, as a dict, that gives this degree.
    """

    name: str
    generate: Callable[..., Int64Array]
    parameters: tuple[Parameter, ...]
    min_neurons: int
    set_degree: Callable[[int, Mapping[str, float], float], dict[str, float]]
    is_directed: bool = False

    def check(self, n_neurons: int, parameters: Mapping[str, object]) -> None:
        """Accepts parameters that make a graph.

        Raises:
            PriorError: Too few neurons, or a parameter that is missing, unknown or out of range.
        """
        names = [parameter.name for parameter in self.parameters]
        if sorted(parameters) != sorted(names):
            raise PriorError(
                f"{self.name}: parameters given are {', '.join(parameters) or 'none'}; "
                f"they must be {', '.join(names)}."
            )
        check_neurons(self.name, n_neurons, self.min_neurons)
        for parameter in self.parameters:
            parameter.check(self.name, n_neurons, parameters[parameter.name])

    def nearest(self, n_neurons: int, parameters: Mapping[str, float]) -> dict[str, int | float]:
        """The valid parameters closest to these."""
        return {p.name: p.nearest(n_neurons, parameters[p.name]) for p in self.parameters}

    def with_degree(
        self, n_neurons: int, parameters: Mapping[str, float], mean_degree: float
    ) -> dict[str, int | float]:
        """The valid parameters closest to these whose graphs have about this mean degree."""
        changed = self.set_degree(n_neurons, parameters, mean_degree)
        return self.nearest(n_neurons, {**parameters, **changed})


def _layered_density(n_neurons: int, parameters: Mapping[str, float], mean_degree: float) -> dict[str, float]:
    layers = int(parameters["layers"])
    n_possible = (layers - 1) * (n_neurons / layers) ** 2
    return {"density": mean_degree * n_neurons / 2 / n_possible} if n_possible else {}


PRIORS: dict[str, Prior] = {
    prior.name: prior
    for prior in (
        Prior(
            "watts-strogatz", watts_strogatz, (NEIGHBOURS, REWIRING), 3, lambda n, given, d: {"neighbours": d}
        ),
        Prior(
            "barabasi-albert", barabasi_albert, (ATTACHMENTS,), 2, lambda n, given, d: {"attachments": d / 2}
        ),
        Prior("erdos-renyi", erdos_renyi, (MEAN_DEGREE,), 2, lambda n, given, d: {"mean_degree": d}),
        Prior("random-regular", random_regular, (DEGREE,), 2, lambda n, given, d: {"degree": d}),
        Prior("layered", layered, (LAYERS, DENSITY), 1, _layered_density, is_directed=True),
    )
}


def find_prior(name: str) -> Prior:
    """The prior of this name.

    Raises:
        PriorError: There is none; the message has the nearest name and all of them.
    """
    if name not in PRIORS:
        nearest = difflib.get_close_matches(name, PRIORS, n=1, cutoff=0.0)[0]
        raise PriorError(f'unknown prior "{name}"; did you mean "{nearest}"? Known are {", ".join(PRIORS)}.')
    return PRIORS[name]
