"""Genotype: a point of a search space as numbers and strings, with a stable key."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, Self, get_args

from search_spaces.gene_checks import (
    GenotypeError,
    check_choice,
    check_integer,
    check_number,
    check_positive,
    check_share,
    check_tuple,
    genes_of,
    list_of,
    values_of,
)
from search_spaces.input_choice import INPUT_CHOICES, InputChoice
from search_spaces.priors import find_prior
from search_spaces.sparse_training import STATIC, SparseTraining

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
            check_number(f"Segment {self.prior}", pair[0], pair[1])
        names = [name for name, _ in self.parameters]
        if any(first >= second for first, second in pairwise(names)):
            raise GenotypeError(f"Segment: parameters {names} must be sorted by name, each given once.")
        check_integer("Segment", "n_neurons", self.n_neurons, 1, MAX_NEURONS)
        check_integer("Segment", "seed", self.seed, 0, MAX_SEED)
        check_integer("Segment", "start", self.start, 0, self.n_neurons - 1)
        check_integer("Segment", "stop", self.stop, self.start + 1, self.n_neurons)
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
        check_choice("Edit", "kind", self.kind, EDIT_KINDS)
        check_positive("Edit", "share", self.share, MAX_EDIT_SHARE)
        check_integer("Edit", "seed", self.seed, 0, MAX_SEED)


@dataclass(frozen=True)
class GraphGenotype:
    """The genes of every candidate whose network grows from random graphs; each space adds its own.

    Attributes:
        space: Name of the search space it belongs to.
        segments: One to four segments in topological order: the hidden graph.
        orientation: How undirected edges become directed: along the vertex numbers, or along a random order.
        max_depth: Most hidden levels the network may have, at least 1.
        edits: At most eight changes of the hidden graph, applied in order.
        inputs_per_neuron: Inputs each hidden neuron reads, at least 0.
        readout: What outputs may read: hidden neurons that no other reads, or all of them.
        readout_share: Share of those that each output reads, in (0, 1].
        learning_rate: Highest learning rate of the training, above 0.
        dropout: Share of hidden neurons that a step of the training drops, in [0, 1).
        label_smoothing: In [0, 1); of classification.

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
    learning_rate: float
    dropout: float
    label_smoothing: float

    def __post_init__(self) -> None:
        where = type(self).__name__
        if type(self.space) is not str or not self.space:
            raise GenotypeError(f"{where}: space is {self.space!r}; it must be the name of a search space.")
        check_tuple(where, "segments", self.segments, Segment, 1, MAX_SEGMENTS)
        check_choice(where, "orientation", self.orientation, ORIENTATIONS)
        check_integer(where, "max_depth", self.max_depth, 1, MAX_NEURONS)
        check_tuple(where, "edits", self.edits, Edit, 0, MAX_EDITS)
        check_integer(where, "inputs_per_neuron", self.inputs_per_neuron, 0, 2**31 - 1)
        check_choice(where, "readout", self.readout, READOUTS)
        check_positive(where, "readout_share", self.readout_share, 1.0)
        check_positive(where, "learning_rate", self.learning_rate, math.inf)
        check_share(where, "dropout", self.dropout)
        check_share(where, "label_smoothing", self.label_smoothing)
        if any(find_prior(segment.prior).is_template for segment in self.segments) and not self._is_whole():
            raise GenotypeError(f"{where}: a layered template must be whole, the only segment, and without edits.")

    @property
    def is_template(self) -> bool:
        """Whether its hidden graph is a layered template, which operators keep whole."""
        return find_prior(self.segments[0].prior).is_template

    def _is_whole(self) -> bool:
        only = self.segments[0]
        return len(self.segments) == 1 and not self.edits and only.size == only.n_neurons

    def to_dict(self) -> dict[str, Any]:
        """The genotype in JSON types; `from_dict` gives it back."""
        segments = [values_of(segment) | {"parameters": dict(segment.parameters)} for segment in self.segments]
        return values_of(self) | {"segments": segments, "edits": [values_of(edit) for edit in self.edits]}

    @classmethod
    def _read(cls, genes: dict[str, Any]) -> dict[str, Any]:
        """The genes of a space of its own whose JSON is not what they are."""
        return {}

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """The genotype that `to_dict` wrote.

        Raises:
            GenotypeError: A key is missing or unknown, or a gene has a wrong type or is out of range.
            PriorError: The same of a graph prior and its parameters.
        """
        genes = genes_of(cls, data)
        segments = []
        for segment in list_of(cls.__name__, "segments", genes["segments"]):
            values = genes_of(Segment, segment)
            if not isinstance(values["parameters"], dict):
                raise GenotypeError(f"Segment: parameters is {values['parameters']!r}; it must be an object.")
            values["parameters"] = tuple(sorted(values["parameters"].items()))
            segments.append(Segment(**values))
        edits = [Edit(**genes_of(Edit, edit)) for edit in list_of(cls.__name__, "edits", genes["edits"])]
        return cls(**genes | {"segments": tuple(segments), "edits": tuple(edits)} | cls._read(genes))

    def key(self) -> str:
        """64 hexadecimal digits: sha256 of the canonical JSON. Equal genotypes have equal keys."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Genotype(GraphGenotype):
    """One candidate multilayer perceptron before its wiring is drawn.

    Attributes, beside those of `GraphGenotype`:
        activation: Activation function of the hidden neurons.
        input_choice: Which inputs a neuron reads; see `search_spaces.input_choice`.
        sparse_training: What training does to the edges.

    Raises:
        GenotypeError: A gene has a wrong type or is out of range.
    """

    activation: Activation
    input_choice: InputChoice
    sparse_training: SparseTraining = STATIC

    def to_dict(self) -> dict[str, Any]:
        """The genotype in JSON types; `from_dict` gives it back."""
        training = values_of(self.sparse_training) | {"further": list(self.sparse_training.further)}
        return super().to_dict() | {"sparse_training": training}

    @classmethod
    def _read(cls, genes: dict[str, Any]) -> dict[str, Any]:
        values = genes_of(SparseTraining, genes["sparse_training"])
        values["further"] = tuple(list_of("SparseTraining", "further", values["further"]))
        return {"sparse_training": SparseTraining(**values)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("Genotype", "activation", self.activation, ACTIVATIONS)
        check_choice("Genotype", "input_choice", self.input_choice, INPUT_CHOICES)
