"""A network of any feed-forward wiring as one module."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nas.engine.layout import lay_out
from nas.engine.state import initial_state
from nas.models.checks import check_pattern, checked_rows
from nas.models.levelwise_network import FUNCTIONS, LevelwiseNetwork
from nas.models.network_operators import packed_network, sparse_network
from search_spaces import Wiring


class SparseMLP(nn.Module):
    """A sparse multilayer perceptron of any depth, with connections between any of its neurons.

    Hidden neurons have the activation, outputs are linear. On the CPU, float32 runs in one compiled call, one
    thread, gradients included; the first call on a machine compiles it. Elsewhere, and for other dtypes, the network is
    computed level by level in plain torch, with memory proportional to edges times batch. Gradients of gradients need
    that path.

    Attributes:
        wiring: The wiring.
        activation: The name of the activation.
        weight: (n_edges,), in the order of ``wiring.indices``.
        bias: (n_hidden + n_outputs,), hidden neurons in topological order, then outputs.
    """

    weight: nn.Parameter
    bias: nn.Parameter
    packed_wiring: Tensor

    def __init__(self, wiring: Wiring, activation: str = "relu", *, seed: int = 0) -> None:
        """Lay out a wiring, with initial weights as of `reset_parameters`.

        Args:
            wiring: Any feed-forward wiring.
            activation: "relu", "tanh", "gelu" (its tanh form) or "silu".
            seed: Of the initial weights.

        Raises:
            ValueError: Not such a wiring, or an unknown activation.
        """
        super().__init__()
        if not isinstance(wiring, Wiring):
            raise ValueError(f"SparseMLP: wiring is a {type(wiring).__name__}; it must be a search_spaces.Wiring.")
        if activation not in FUNCTIONS:
            raise ValueError(f"SparseMLP: activation is {activation!r}; it must be one of {', '.join(FUNCTIONS)}.")
        self.wiring, self.activation = wiring, activation
        network = lay_out(wiring, activation)
        self._code = network.activation
        self.register_buffer("sizes", torch.tensor([wiring.n_inputs, wiring.n_hidden, wiring.n_outputs]))
        self.register_buffer("indptr", torch.tensor(wiring.indptr))
        self.register_buffer("indices", torch.tensor(wiring.indices))
        self.register_buffer("packed_wiring", packed_network(network), persistent=False)
        self.weight = nn.Parameter(torch.empty(wiring.n_edges, dtype=torch.float32))
        self.bias = nn.Parameter(torch.empty(wiring.n_hidden + wiring.n_outputs, dtype=torch.float32))
        self.levels = LevelwiseNetwork(wiring, activation)
        self.reset_parameters(seed)

    @classmethod
    def from_parameters(cls, wiring: Wiring, activation: str, parameters: NDArray[np.float32]) -> SparseMLP:
        """A network that has been trained elsewhere, such as in a search.

        Args:
            wiring: Its wiring.
            activation: As for the constructor.
            parameters: float32 (n_edges + n_neurons,), the weights and then the biases; copied.

        Raises:
            ValueError: As for the constructor, or another number of parameters.
        """
        module = cls(wiring, activation)
        expected = (len(module.weight) + len(module.bias),)
        if np.shape(parameters) != expected:
            raise ValueError(
                f"SparseMLP: parameters have shape {np.shape(parameters)}; {len(module.weight)} weights and "
                f"{len(module.bias)} biases need {expected}."
            )
        module._set(parameters)
        return module

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weights as a search does, normal with variance gain / actual fan-in; biases become 0.

        The gain is 2 for hidden neurons with relu, otherwise 1 (He et al. 2015, equation 10).

        Args:
            seed: Same seed, same weights.
        """
        self._set(initial_state(lay_out(self.wiring, self.activation), [[seed]]).parameters[0])

    def forward(self, x: Tensor) -> Tensor:
        """Give the outputs.

        Args:
            x: (..., n_inputs), of the dtype and on the device of the weights, of any strides.

        Returns:
            (..., n_outputs).

        Raises:
            ValueError: Another shape, dtype or device.
        """
        n_inputs, n_outputs = self.wiring.n_inputs, self.wiring.n_outputs
        rows = checked_rows("SparseMLP", x, n_inputs, n_outputs, self.weight)
        if rows.device.type == "cpu" and rows.dtype == torch.float32:
            wiring = self.packed_wiring, self.wiring.n_hidden, self._code
            y: Tensor = sparse_network(rows, self.weight, self.bias, *wiring)[0]
        else:
            y = self.levels(rows, self.weight, self.bias)
        return y.reshape(*x.shape[:-1], n_outputs)

    def extra_repr(self) -> str:
        """What stands between the brackets of the printed module."""
        wiring = self.wiring
        return (
            f"n_inputs={wiring.n_inputs}, n_hidden={wiring.n_hidden}, n_outputs={wiring.n_outputs}, "
            f"n_edges={wiring.n_edges}, depth={wiring.depth}, activation={self.activation!r}"
        )

    def _set(self, parameters: NDArray[np.float32]) -> None:
        values = torch.tensor(parameters)
        with torch.no_grad():
            self.weight.copy_(values[: len(self.weight)])
            self.bias.copy_(values[len(self.weight) :])

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        check_pattern(self, state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *rest)
