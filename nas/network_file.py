"""A trained network on disk: safetensors for its arrays, JSON for what they mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as tensors_from_bytes
from safetensors.numpy import save as tensors_to_bytes

from nas.checkpoint import read_json
from nas.data import Encoding
from nas.engine.gather import Inputs
from nas.engine.layout import lay_out
from nas.engine.population import predict
from nas.errors import CheckpointError
from search_spaces.genotype import ACTIVATIONS
from search_spaces.wiring import Wiring

FORMAT = 1
TENSORS, DESCRIPTION = "model.safetensors", "model.json"


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A wiring with weights.

    Attributes:
        wiring: Its wiring.
        activation: Activation of its hidden neurons; outputs are linear.
        parameters: float32 (n_edges + n_neurons,): a weight for each edge, then a bias for each neuron.
        encoding: How rows become inputs and outputs become answers.
    """

    wiring: Wiring
    activation: str
    parameters: NDArray[np.float32]
    encoding: Encoding

    def outputs(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits or values, float32 (n_outputs, n), for inputs (n_inputs, n)."""
        return predict(lay_out(self.wiring, self.activation), self.parameters, Inputs.plain(x))


def save_network(folder: Path, network: TrainedNetwork, about: dict[str, object]) -> None:
    """Write a network into a folder, which is made.

    Args:
        folder: Gets ``model.safetensors`` and ``model.json``.
        network: The network.
        about: What else the description says, in JSON types: where it comes from, how good it is.
    """
    wiring = network.wiring
    n_edges = wiring.n_edges
    content = tensors_to_bytes(
        {
            "indptr": np.ascontiguousarray(wiring.indptr),
            "indices": np.ascontiguousarray(wiring.indices),
            "weights": np.ascontiguousarray(network.parameters[:n_edges]),
            "biases": np.ascontiguousarray(network.parameters[n_edges:]),
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TENSORS).write_bytes(content)  # not synced: a torn file is noticed by its checksum
    description = {
        "format": FORMAT,
        "sha256": hashlib.sha256(content).hexdigest(),
        "n_inputs": wiring.n_inputs,
        "n_hidden": wiring.n_hidden,
        "n_outputs": wiring.n_outputs,
        "n_weights": wiring.n_weights,
        "activation": network.activation,
        "output_activation": "softmax" if network.encoding.target.task == "classification" else "linear",
        "arrays": {
            "indptr": "int32 (n_hidden + n_outputs + 1): row j of indices lists the sources of neuron j",
            "indices": "int32 (n_weights): a source below n_inputs is an input, else hidden neuron source - n_inputs",
            "weights": "float32 (n_weights): the weight of each edge, in the order of indices",
            "biases": "float32 (n_hidden + n_outputs): hidden neurons in topological order, then outputs",
        },
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
        n_inputs, n_hidden, n_outputs = (description[name] for name in ("n_inputs", "n_hidden", "n_outputs"))
        wiring = Wiring(n_inputs, n_hidden, n_outputs, tensors["indptr"], tensors["indices"])
        parameters = np.concatenate([tensors["weights"], tensors["biases"]]).astype(np.float32)
        encoding = Encoding.from_dict(description["encoding"])
        network = TrainedNetwork(wiring, description["activation"], parameters, encoding)
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{folder} cannot be read as a network: {error}.") from None
    _check_fit(folder, network)
    return network


def _check_fit(folder: Path, network: TrainedNetwork) -> None:
    """Raise CheckpointError unless weights, wiring and encoding belong together."""
    wiring, encoding = network.wiring, network.encoding
    if len(network.parameters) != wiring.n_edges + wiring.n_hidden + wiring.n_outputs:
        raise CheckpointError(f"{folder} is damaged: its weights do not fit its wiring.")
    if (wiring.n_inputs, wiring.n_outputs) != (encoding.n_inputs, encoding.target.n_outputs):
        raise CheckpointError(f"{folder} is damaged: its wiring does not fit its encoding.")
    if not np.isfinite(network.parameters).all() or network.activation not in ACTIVATIONS:
        raise CheckpointError(f"{folder} is damaged: it has weights that are not numbers, or an unknown activation.")


def _digest(description: Mapping[str, object]) -> str:
    canonical = json.dumps(description, sort_keys=True, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
