"""Graph priors: the families of random graphs that a wiring can be drawn from."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

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
from search_spaces.templates import DENSITIES, MAX_LAYERS, TEMPLATE, WIDTHS, layer_widths, shallow
from search_spaces.templates import LAYERS as TEMPLATE_LAYERS


@dataclass(frozen=True)
class Prior:
    """A family of random graphs.

    Attributes:
        name: Its name in a genotype.
        generate: (n_neurons, rng, **parameters) -> edges, int64 of shape (n_edges, 2).
        parameters: What can be varied, by name.
        min_neurons: Fewest vertices it can have.
        degree_parameter: Name of the parameter that is proportional to the mean degree.
        degree_unit: (n_neurons, parameters) -> mean degree for each unit of that parameter.
        is_directed: Whether its edges already lead from source to target.
        is_template: Whether it is kept whole, as the only segment of a genotype; see `search_spaces.templates`.
    """

    name: str
    generate: Callable[..., Int64Array]
    parameters: tuple[Parameter, ...]
    min_neurons: int
    degree_parameter: str
    degree_unit: Callable[[int, Mapping[str, float]], float] = lambda n_neurons, parameters: 1.0
    is_directed: bool = False
    is_template: bool = False

    def check(self, n_neurons: int, parameters: Mapping[str, object]) -> None:
        """Accepts parameters that make a graph.

        Raises:
            PriorError: Too few neurons, or a parameter that is missing, unknown or out of range.
        """
        names = [parameter.name for parameter in self.parameters]
        if sorted(parameters) != sorted(names):
            raise PriorError(
                f"{self.name}: parameters given are {', '.join(parameters) or 'none'}; they must be {', '.join(names)}."
            )
        check_neurons(self.name, n_neurons, self.min_neurons)
        for parameter in self.parameters:
            parameter.check(self.name, n_neurons, parameters[parameter.name])

    def nearest(self, n_neurons: int, parameters: Mapping[str, float]) -> dict[str, int | float]:
        """The valid parameters closest to these."""
        return {p.name: p.nearest(n_neurons, parameters[p.name]) for p in self.parameters}

    def sample(self, n_neurons: int, rng: np.random.Generator) -> dict[str, int | float]:
        """Valid parameters, drawn from their usual ranges."""
        return {parameter.name: parameter.sample(n_neurons, rng) for parameter in self.parameters}

    def mean_degree(self, n_neurons: int, parameters: Mapping[str, float]) -> float:
        """About the mean degree of a graph with these parameters."""
        return parameters[self.degree_parameter] * self.degree_unit(n_neurons, parameters)

    def with_degree(
        self, n_neurons: int, parameters: Mapping[str, float], mean_degree: float
    ) -> dict[str, int | float]:
        """The valid parameters closest to these whose graphs have about this mean degree."""
        parameters = self.nearest(n_neurons, parameters)
        unit = self.degree_unit(n_neurons, parameters)
        changed = {self.degree_parameter: mean_degree / unit} if unit else {}
        return self.nearest(n_neurons, {**parameters, **changed})


def _layered_degree_unit(n_neurons: int, parameters: Mapping[str, float]) -> float:
    layers = parameters["layers"]
    return 2.0 * (layers - 1) / layers * n_neurons / layers


def _shallow_degree_unit(n_neurons: int, parameters: Mapping[str, float]) -> float:
    widths = layer_widths(n_neurons, int(parameters["layers"]), parameters["width_2"], parameters["width_3"])
    widths += [0] * (MAX_LAYERS - len(widths))
    last = parameters["density_3"] / parameters["density_2"] * widths[1] * widths[2]
    return 2.0 * (widths[0] * widths[1] + last) / n_neurons


PRIORS: dict[str, Prior] = {
    prior.name: prior
    for prior in (
        Prior("watts-strogatz", watts_strogatz, (NEIGHBOURS, REWIRING), 3, "neighbours"),
        Prior("barabasi-albert", barabasi_albert, (ATTACHMENTS,), 2, "attachments", lambda n, given: 2.0),
        Prior("erdos-renyi", erdos_renyi, (MEAN_DEGREE,), 2, "mean_degree"),
        Prior("random-regular", random_regular, (DEGREE,), 2, "degree"),
        Prior("layered", layered, (LAYERS, DENSITY), 1, "density", _layered_degree_unit, is_directed=True),
        Prior(
            TEMPLATE,
            shallow,
            (TEMPLATE_LAYERS, *WIDTHS, *DENSITIES),
            1,
            "density_2",
            _shallow_degree_unit,
            is_directed=True,
            is_template=True,
        ),
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
