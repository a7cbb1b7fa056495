"""The ranges that genes are drawn from and kept in."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from search_spaces.genotype import MAX_NEURONS, Activation, Segment
from search_spaces.input_choice import InputChoice
from search_spaces.parameters import PriorError
from search_spaces.priors import find_prior
from search_spaces.sparse_training import Method

Bounds = Mapping[str, Mapping[str, tuple[float, float]]]  # prior -> parameter -> (lowest, highest)

# The smooth rectifiers leave less error than ReLU at equal size, and tanh more (tests/benchmarks/RESULTS.md, "Draws").
ACTIVATION_WEIGHTS: dict[Activation, float] = {"relu": 0.25, "tanh": 0.05, "gelu": 0.35, "silu": 0.35}

# With 60 pixels a neuron, 8 epochs of MNIST end at .983 for patches, .981 for rows and .977 for random pixels; with 20
# pixels at .979, .974 and .976 (tests/benchmarks/RESULTS.md, "Draws").
INPUT_CHOICE_WEIGHTS: dict[InputChoice, float] = {"random": 0.25, "patch": 0.6, "rows": 0.15}
NONE_SHARE = 0.5  # of candidates that are drawn without dropout, and without label smoothing


@dataclass(frozen=True)
class GeneRanges:
    """What a space allows. Ranges include both ends.

    Attributes:
        priors: Names of the graph priors, at least one.
        inputs_per_neuron: From 0 up.
        neurons: Of all segments of a genotype together.
        max_depth: Hidden levels.
        learning_rate: Above 0.
        input_choices: Ways to choose inputs, at least one.
        dropout, label_smoothing: Of those candidates that have any, in [0, 1); see `new_share`.
        methods: Of sparse training, at least one.
        most_pruned: By which factor pruning may reduce the edges.
    """

    priors: tuple[str, ...]
    inputs_per_neuron: tuple[int, int]
    neurons: tuple[int, int]
    max_depth: tuple[int, int]
    learning_rate: tuple[float, float]
    dropout: tuple[float, float]
    label_smoothing: tuple[float, float]
    input_choices: tuple[InputChoice, ...]
    methods: tuple[Method, ...]
    most_pruned: float


def log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    """A number in low..high whose logarithm is uniform; low above 0."""
    return min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high)


def new_seed(rng: np.random.Generator) -> int:
    """A seed for a gene, in 0..2**32-1."""
    return int(rng.integers(2**32))


def new_share(ends: tuple[float, float], rng: np.random.Generator) -> float:
    """0 in half of the draws, else log-uniform between the ends; where both ends are equal, just this number."""
    low, high = ends
    if low == high:
        return low
    return 0.0 if rng.random() < NONE_SHARE else log_uniform(low, high, rng)


def new_input_choice(choices: Sequence[InputChoice], rng: np.random.Generator) -> InputChoice:
    """One of the choices, drawn by `INPUT_CHOICE_WEIGHTS`."""
    weights = np.array([INPUT_CHOICE_WEIGHTS[choice] for choice in choices])
    return choices[int(rng.choice(len(choices), p=weights / weights.sum()))]


def new_activation(rng: np.random.Generator) -> Activation:
    """An activation function, drawn by `ACTIVATION_WEIGHTS`."""
    names = list(ACTIVATION_WEIGHTS)
    return names[int(rng.choice(len(names), p=list(ACTIVATION_WEIGHTS.values())))]


def whole_segment(prior: str, n_neurons: int, mean_degree: float, rng: np.random.Generator) -> Segment:
    """All of a random graph with about this mean degree, its other parameters drawn.

    Args:
        prior: Name of a graph prior.
        n_neurons: Number of neurons; raised to what the prior needs.
        mean_degree: As far as the prior can have it.
        rng: Source of randomness.
    """
    family = find_prior(prior)
    n_neurons = max(n_neurons, family.min_neurons)
    drawn = family.with_degree(n_neurons, family.sample(n_neurons, rng), mean_degree)
    return Segment(prior, tuple(sorted(drawn.items())), n_neurons, new_seed(rng), 0, n_neurons)


def bounded(segment: Segment, bounds: Bounds) -> Segment:
    """The segment with its prior's parameters moved into the bounds, as far as the prior can have that."""
    ends = bounds.get(segment.prior)
    if not ends:
        return segment
    values = dict(segment.parameters)
    for parameter in find_prior(segment.prior).parameters:
        if parameter.name in ends:
            value = _reflected(values[parameter.name], *ends[parameter.name])
            values[parameter.name] = parameter.nearest(segment.n_neurons, value)
    return replace(segment, parameters=tuple(sorted(values.items())))


def _reflected(value: float, low: float, high: float) -> float:
    """The value thrown back at the ends of low..high until it is inside, so that values do not pile up there."""
    if low == high:
        return low
    distance = (value - low) % (2 * (high - low))
    return low + min(distance, 2 * (high - low) - distance)


def check_bounds(bounds: Bounds) -> None:
    """Accepts bounds that some graph can have.

    Raises:
        PriorError: A prior or parameter is unknown, or its bounds are out of its range or not ascending.
    """
    for prior, ends in bounds.items():
        parameters = {parameter.name: parameter for parameter in find_prior(prior).parameters}
        for name, (low, high) in ends.items():
            if name not in parameters:
                nearest = difflib.get_close_matches(name, parameters, n=1, cutoff=0.0)[0]
                raise PriorError(f'{prior}: unknown parameter "{name}"; the nearest known is "{nearest}".')
            lowest, highest = parameters[name].limits(MAX_NEURONS)
            if not lowest <= low <= high <= highest:
                raise PriorError(
                    f"{prior}: the bounds of {name} are {low}..{high}; they must ascend within {lowest}..{highest}."
                )


def resized(segment: Segment, n_neurons: int, degree_factor: float = 1.0) -> Segment:
    """The segment with a graph of another size, the slice at the same relative place.

    Args:
        segment: Segment to change.
        n_neurons: Vertices of the graph; raised to what the prior needs.
        degree_factor: Factor of the mean degree, as far as the prior can have it.
    """
    prior = find_prior(segment.prior)
    n_neurons = max(n_neurons, prior.min_neurons)
    given = dict(segment.parameters)
    fitted = prior.with_degree(n_neurons, given, prior.mean_degree(segment.n_neurons, given) * degree_factor)
    start = min(segment.start * n_neurons // segment.n_neurons, n_neurons - 1)
    stop = max(segment.stop * n_neurons // segment.n_neurons, start + 1)
    return Segment(segment.prior, tuple(sorted(fitted.items())), n_neurons, segment.seed, start, stop)
