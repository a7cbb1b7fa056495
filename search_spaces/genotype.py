"""Genotype: a point of a search space as numbers and strings, with a stable key."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Literal, get_args

from search_spaces.priors import find_prior

EditKind = Literal["add_edges", "remove_edges", "rewire_edges", "add_neurons", "remove_neurons"]
Orientation = Literal["index", "random"]
Readout = Literal["sinks", "all"]
Activation = Literal["relu", "tanh", "gelu", "silu"]

EDIT_KINDS: tuple[EditKind, ...] = get_args(EditKind)
ORIENTATIONS: tuple[Orientation, ...] = get_args(Orientation)
READOUTS: tuple[Readout, ...] = get_args(Readout)
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)

MAX_SEGMENTS = 4
MAX_EDITS = 8
MAX_EDIT_SHARE = 0.5
MAX_NEURONS = 100_000
MAX_SEED = 2**63 - 1


class GenotypeError(ValueError):
    """A gene is missing, unknown, of the wrong type, or out of range."""


@dataclass(frozen=True)
class Segment:
    """Consecutive neurons of one random graph.

    Attributes:
        prior: Name of the graph prior.
        parameters: The prior's parameters as (name, value), sorted by name.
        n_neurons: Vertices of the whole graph.
        seed: Seed of the graph.
        start: First neuron taken, in topological order.
        stop: One past the last neuron taken, at most n_neurons.

    Raises:
        GenotypeError: A gene has a wrong type or is out of range.
        PriorError: The prior is unknown, or a parameter of it is missing, unknown or out of range.
    """

    prior: str
    parameters: tuple[tuple[str, int | float], ...]
    n_neurons: int
    seed: int
    start: int
    stop: int

    def __post_init__(self) -> None:
        if type(self.prior) is not str or not self.prior:
            raise GenotypeError(f"Segment: prior is {self.prior!r}; it must be the name of a graph prior.")
        if type(self.parameters) is not tuple:
            raise GenotypeError(f"Segment: parameters is {self.parameters!r}; it must be a tuple of pairs.")
        for pair in self.parameters:
            if type(pair) is not tuple or len(pair) != 2 or type(pair[0]) is not str:
                raise GenotypeError(f"Segment: parameter {pair!r} must be a pair (name, number).")
            _check_number(f"Segment {self.prior}", pair[0], pair[1])
        names = [name for name, _ in self.parameters]
        if any(first >= second for first, second in pairwise(names)):
            raise GenotypeError(f"Segment: parameters {names} must be sorted by name, each given once.")
        _check_integer("Segment", "n_neurons", self.n_neurons, 1, MAX_NEURONS)
        _check_integer("Segment", "seed", self.seed, 0, MAX_SEED)
        _check_integer("Segment", "start", self.start, 0, self.n_neurons - 1)
        _check_integer("Segment", "stop", self.stop, self.start + 1, self.n_neurons)
        find_prior(self.prior).check(self.n_neurons, dict(self.parameters))

    @property
    def size(self) -> int:
        """Number of neurons taken."""
        return self.stop - self.start


@dataclass(frozen=True)
class Edit:
    """A random change of the hidden graph.

    Attributes:
        kind: What is added, removed or rewired.
        share: How much of it, as a share of the edges or neurons present, in (0, 0.5].
        seed: Seed of the change.

    Raises:
        GenotypeError: A gene has a wrong type or is out of range.
    """

    kind: EditKind
    share: float
    seed: int

    def __post_init__(self) -> None:
        _check_choice("Edit", "kind", self.kind, EDIT_KINDS)
        _check_positive("Edit", "share", self.share, MAX_EDIT_SHARE)
        _check_integer("Edit", "seed", self.seed, 0, MAX_SEED)


@dataclass(frozen=True)
class Genotype:
    """One candidate network before its wiring is drawn.

    Attributes:
        space: Name of the search space it belongs to.
        segments: One to four segments in topological order: the hidden graph.
        orientation: How undirected edges become directed: along the vertex numbers, or along a random order.
        max_depth: Most hidden levels the network may have, at least 1.
        edits: At most eight changes of the hidden graph, applied in order.
        inputs_per_neuron: Inputs each hidden neuron reads, at least 0.
        readout: What outputs may read: hidden neurons that no other reads, or all of them.
        readout_share: Share of those that each output reads, in (0, 1].
        activation: Activation function of the hidden neurons.
        learning_rate: Highest learning rate of the training, above 0.

    Raises:
        GenotypeError: A gene has a wrong type or is out of range.
    """

    space: str
    segments: tuple[Segment, ...]
    orientation: Orientation
    max_depth: int
    edits: tuple[Edit, ...]
    inputs_per_neuron: int
    readout: Readout
    readout_share: float
    activation: Activation
    learning_rate: float

    def __post_init__(self) -> None:
        if type(self.space) is not str or not self.space:
            raise GenotypeError(f"Genotype: space is {self.space!r}; it must be the name of a search space.")
        _check_tuple("segments", self.segments, Segment, 1, MAX_SEGMENTS)
        _check_choice("Genotype", "orientation", self.orientation, ORIENTATIONS)
        _check_integer("Genotype", "max_depth", self.max_depth, 1, MAX_NEURONS)
        _check_tuple("edits", self.edits, Edit, 0, MAX_EDITS)
        _check_integer("Genotype", "inputs_per_neuron", self.inputs_per_neuron, 0, 2**31 - 1)
        _check_choice("Genotype", "readout", self.readout, READOUTS)
        _check_positive("Genotype", "readout_share", self.readout_share, 1.0)
        _check_choice("Genotype", "activation", self.activation, ACTIVATIONS)
        _check_positive("Genotype", "learning_rate", self.learning_rate, math.inf)

    def to_dict(self) -> dict[str, Any]:
        """The genotype in JSON types; `from_dict` gives it back."""
        segments = [_values(segment) | {"parameters": dict(segment.parameters)} for segment in self.segments]
        return _values(self) | {"segments": segments, "edits": [_values(edit) for edit in self.edits]}

    @classmethod
    def from_dict(cls, data: object) -> Genotype:
        """The genotype that `to_dict` wrote.

        Raises:
            GenotypeError: A key is missing or unknown, or a gene has a wrong type or is out of range.
            PriorError: The same of a graph prior and its parameters.
        """
        genes = _genes(cls, data)
        segments = []
        for segment in _list("segments", genes["segments"]):
            values = _genes(Segment, segment)
            if not isinstance(values["parameters"], dict):
                raise GenotypeError(f"Segment: parameters is {values['parameters']!r}; it must be an object.")
            values["parameters"] = tuple(sorted(values["parameters"].items()))
            segments.append(Segment(**values))
        edits = [Edit(**_genes(Edit, edit)) for edit in _list("edits", genes["edits"])]
        return cls(**genes | {"segments": tuple(segments), "edits": tuple(edits)})

    def key(self) -> str:
        """64 hexadecimal digits: sha256 of the canonical JSON. Equal genotypes have equal keys."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def _values(value: Segment | Edit | Genotype) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _genes(owner: type[Segment | Edit | Genotype], data: object) -> dict[str, Any]:
    """A copy of `data` that has exactly the fields of `owner` as keys."""
    if not isinstance(data, dict):
        raise GenotypeError(f"{owner.__name__}: {data!r} must be an object with named genes.")
    known = [field.name for field in fields(owner)]
    for name in data:
        if name not in known:
            nearest = difflib.get_close_matches(str(name), known, n=1, cutoff=0.0)[0]
            raise GenotypeError(f'{owner.__name__}: unknown gene "{name}"; the nearest known is "{nearest}".')
    for name in known:
        if name not in data:
            raise GenotypeError(f'{owner.__name__}: the gene "{name}" is missing; give all of {", ".join(known)}.')
    return dict(data)


def _list(name: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise GenotypeError(f"Genotype: {name} is {value!r}; it must be a list.")
    return value


def _check_tuple(name: str, value: object, kind: type[Segment | Edit], least: int, most: int) -> None:
    if type(value) is not tuple or not all(isinstance(item, kind) for item in value):
        raise GenotypeError(f"Genotype: {name} is {value!r}; it must be a tuple of {kind.__name__} values.")
    if not least <= len(value) <= most:
        raise GenotypeError(f"Genotype: {len(value)} {name} given; there must be {least} to {most}.")


def _check_number(where: str, name: str, value: object) -> None:
    # Exact types: 1 == 1.0 == True, but their JSON, and so the key, differs.
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be a finite int or float.")


def _check_integer(where: str, name: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be an int in {least}..{most}.")


def _check_positive(where: str, name: str, value: object, most: float) -> None:
    if type(value) is not float or not (0.0 < value <= most and math.isfinite(value)):
        limit = f" and at most {most}" if math.isfinite(most) else ""
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be a finite float above 0{limit}.")


def _check_choice(where: str, name: str, value: object, choices: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise GenotypeError(f"{where}: {name} is {value!r}; it must be one of {', '.join(choices)}.")
