"""Recurrent layers that have only some of their weights, with the interface of torch's layers."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from nas.models.recurrent_module import SparseRecurrent


class SparseRNN(SparseRecurrent):
    """A drop-in for ``torch.nn.RNN`` whose cost is proportional to the number of weights that exist."""

    dense_type = nn.RNN

    def __init__(
        self, input_size: int, hidden_size: int, *, nonlinearity: Literal["tanh", "relu"] = "tanh", **options: Any
    ) -> None:
        """Lay out patterns; see `SparseRecurrent` for the options.

        Raises:
            ValueError: As there, or another nonlinearity.
        """
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"SparseRNN: nonlinearity is {nonlinearity!r}; it must be tanh or relu.")
        self.cell = nonlinearity
        super().__init__(input_size, hidden_size, **options)

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Compute all steps.

        Args:
            input: (steps, batch, input_size), (batch, steps, input_size) if ``batch_first``, (steps, input_size), or
                packed sequences, sorted or not; of the dtype and on the device of the weights.
            hx: h_0, (num_layers, batch, hidden_size), without the batch where the input has none; zeros by default.

        Returns:
            (output, h_n): what the last layer gives at each step, in the form of the input; and what each layer gives
            at the last step of each sequence, in the form of h_0.

        Raises:
            ValueError: Another shape, dtype or device.
        """
        output, (h_n,) = self._run(input, None if hx is None else (hx,))
        return output, h_n


class SparseGRU(SparseRecurrent):
    """A drop-in for ``torch.nn.GRU`` whose cost is proportional to the number of weights that exist."""

    cell = "gru"
    dense_type = nn.GRU

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Compute all steps, as `SparseRNN.forward` does."""
        output, (h_n,) = self._run(input, None if hx is None else (hx,))
        return output, h_n


class SparseLSTM(SparseRecurrent):
    """A drop-in for ``torch.nn.LSTM`` whose cost is proportional to the number of weights that exist."""

    cell = "lstm"
    n_states = 2
    dense_type = nn.LSTM

    def forward(
        self, input: Tensor | PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor | PackedSequence, tuple[Tensor, Tensor]]:
        """Compute all steps, as `SparseRNN.forward` does.

        Args:
            input: As there.
            hx: (h_0, c_0), outputs and cell states before the first step, each as there.

        Returns:
            (output, (h_n, c_n)): as there; c_n are the cell states after the last step of each sequence.

        Raises:
            ValueError: Another shape, dtype or device.
        """
        output, (h_n, c_n) = self._run(input, hx)
        return output, (h_n, c_n)
