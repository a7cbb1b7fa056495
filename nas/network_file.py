"""A trained network on disk: safetensors for its arrays, JSON for what they mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as tensors_from_bytes
from safetensors.numpy import save as tensors_to_bytes

from nas.data import AnyEncoding, Encoding, SequenceEncoding
from nas.engine.gather import Inputs
from nas.engine.networks import n_parameters_of, network_of
from nas.engine.population import predict
from nas.engine.sequence_batches import Sequences
from nas.errors import CheckpointError
from nas.files import read_json
from search_spaces import AnyWiring, RecurrentWiring, Wiring
from search_spaces.genotype import ACTIVATIONS

FORMAT = 2
TENSORS, DESCRIPTION = "model.safetensors", "model.json"

# What is stored of a wiring: numbers in the description, arrays as tensors.
FEED_FORWARD = (("n_inputs", "n_hidden", "n_outputs"), ("indptr", "indices"))
RECURRENT = (
    ("n_inputs", "n_embedded", "n_vertices", "n_outputs", "cell", "window", "stride", "bidirectional"),
    (
        "unit_vertex",
        "input_indptr",
        "input_indices",
        "recurrent_indptr",
        "recurrent_indices",
        "output_indptr",
        "output_indices",
    ),
)
ARRAYS = {
    "indptr": "int32 (n_hidden + n_outputs + 1): row j of indices lists the sources of neuron j",
    "indices": "int32 (n_weights): a source below n_inputs is an input, else hidden neuron source - n_inputs",
    "weights": "float32 (n_weights): the weight of each edge, in the order of indices",
    "biases": "float32 (n_hidden + n_outputs): hidden neurons in topological order, then outputs",
}
RECURRENT_ARRAYS = {
    "unit_vertex": "int32 (n_units): the vertex that each unit adds its output to",
    "input_indptr": "int32 (n_units + 1): row u of input_indices lists what unit u reads in the same step",
    "input_indices": "int32: a source below n_embedded is an embedded value, else vertex source - n_embedded",
    "recurrent_indptr": "int32 (n_units + 1): row u of recurrent_indices lists the units read from the step before",
    "recurrent_indices": "int32: units",
    "output_indptr": "int32 (n_outputs + 1): row o of output_indices lists what output o reads",
    "output_indices": "int32: below n_vertices the last value of a vertex, then means over steps, then maxima",
    "weights": "float32: for each gate the input edges (lstm: i, f, g, o; gru: n, r, z); for each gate the recurrent "
    "edges (lstm: i, f, g, o; gru: r, z, m, where n = tanh(inputs + r m)); the embedding (n_embedded, window "
    "times n_inputs); the output edges",
    "biases": "float32: for each sum (lstm: i, f, g, o; gru: n, r, z, m) the units; the outputs",
}


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A wiring with weights.

    Attributes:
        wiring: Its wiring.
        activation: Activation of hidden neurons; outputs are linear. None for a recurrent wiring.
        parameters: float32, weights before biases; see the layout of the engine.
        encoding: How rows or sequences become inputs and outputs become answers.
    """

    wiring: AnyWiring
    activation: str | None
    parameters: NDArray[np.float32]
    encoding: AnyEncoding

    def outputs(self, rows: Inputs | Sequences) -> NDArray[np.float32]:
        """Logits or values, float32 (n_outputs, n), for n rows or sequences."""
        return predict(network_of(self.wiring, self.activation), self.parameters, rows)


def save_network(folder: Path, network: TrainedNetwork, about: dict[str, object]) -> None:
    """Write a network into a folder, which is made.

    Args:
        folder: Gets ``model.safetensors`` and ``model.json``.
        network: The network.
        about: What else the description says, in JSON types: where it comes from, how good it is.
    """
    wiring = network.wiring
    is_recurrent = isinstance(wiring, RecurrentWiring)
    numbers: tuple[str, ...]
    arrays: tuple[str, ...]
    numbers, arrays = RECURRENT if is_recurrent else FEED_FORWARD
    n_weights = wiring.n_weights
    tensors = {name: np.ascontiguousarray(getattr(wiring, name)) for name in arrays}
    tensors["weights"] = np.ascontiguousarray(network.parameters[:n_weights])
    tensors["biases"] = np.ascontiguousarray(network.parameters[n_weights:])
    content = tensors_to_bytes(tensors)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TENSORS).write_bytes(content)  # not synced: a torn file is noticed by its checksum
    description = {
        "format": FORMAT,
        "kind": "recurrent" if is_recurrent else "feed-forward",
        "sha256": hashlib.sha256(content).hexdigest(),
        **{name: getattr(wiring, name) for name in numbers},
        "n_weights": n_weights,
        "activation": network.activation,
        "output_activation": "softmax" if network.encoding.target.task == "classification" else "linear",
        "arrays": RECURRENT_ARRAYS if is_recurrent else ARRAYS,
        **about,
        "encoding": network.encoding.to_dict(),
    }
    text = json.dumps({**description, "description_sha256": _digest(description)}, indent=1, allow_nan=False)
    (folder / DESCRIPTION).write_text(text + "\n", encoding="utf-8")


def load_network(folder: Path) -> TrainedNetwork:
    """Read a network, with its checksum, shapes and wiring checked.

    Raises:
        CheckpointError: A file is missing, damaged, or of another format.
    """
    description = read_json(folder / DESCRIPTION)
    digest = description.pop("description_sha256", None)
    if description.get("format") != FORMAT:
        raise CheckpointError(f"{folder} has format {description.get('format')!r}, this version reads {FORMAT}.")
    try:
        content = (folder / TENSORS).read_bytes()
        if _digest(description) != digest or hashlib.sha256(content).hexdigest() != description["sha256"]:
            raise CheckpointError(f"{folder} is damaged: a checksum differs. Export or search again.")
        tensors = tensors_from_bytes(content)
        parameters = np.concatenate([tensors["weights"], tensors["biases"]]).astype(np.float32)
        wiring, encoding = _parts(description, tensors)
        network = TrainedNetwork(wiring, description["activation"], parameters, encoding)
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{folder} cannot be read as a network: {error}.") from None
    _check_fit(folder, network)
    return network


def _parts(description: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> tuple[AnyWiring, AnyEncoding]:
    if description["kind"] == "recurrent":
        values = {name: description[name] for name in RECURRENT[0]} | {name: tensors[name] for name in RECURRENT[1]}
        return RecurrentWiring(**values), SequenceEncoding.from_dict(description["encoding"])
    values = {name: description[name] for name in FEED_FORWARD[0]} | {name: tensors[name] for name in FEED_FORWARD[1]}
    return Wiring(**values), Encoding.from_dict(description["encoding"])


def _check_fit(folder: Path, network: TrainedNetwork) -> None:
    """Raise CheckpointError unless weights, wiring and encoding belong together."""
    wiring, encoding = network.wiring, network.encoding
    if not isinstance(wiring, RecurrentWiring) and network.activation not in ACTIVATIONS:
        raise CheckpointError(f"{folder} is damaged: it has an unknown activation, {network.activation!r}.")
    if len(network.parameters) != n_parameters_of(network_of(wiring, network.activation)):
        raise CheckpointError(f"{folder} is damaged: its weights do not fit its wiring.")
    n_channels = {encoding.n_inputs, encoding.n_rows if isinstance(encoding, SequenceEncoding) else encoding.n_inputs}
    if wiring.n_inputs not in n_channels or wiring.n_outputs != encoding.target.n_outputs:
        raise CheckpointError(f"{folder} is damaged: its wiring does not fit its encoding.")
    if not np.isfinite(network.parameters).all():
        raise CheckpointError(f"{folder} is damaged: it has weights that are not numbers.")


def _digest(description: Mapping[str, object]) -> str:
    canonical = json.dumps(description, sort_keys=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
