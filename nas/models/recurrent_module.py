"""What sparse recurrent modules of all kinds of cells share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from nas.engine.cells import CELLS
from nas.models.checks import check_pattern, checked_rows
from nas.models.pattern import Pattern, PatternError
from nas.models.recurrent_edges import Edges, LayerEdges
from nas.models.recurrent_inputs import States, first_states, last_states, outputs_like, steps_of
from nas.models.recurrent_operators import kernel_parameters, sparse_recurrence

DENSE_FUNCTIONS: dict[str, Callable[..., States]] = {
    "tanh": torch.rnn_tanh,
    "relu": torch.rnn_relu,
    "lstm": torch.lstm,
    "gru": torch.gru,
}
KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")  # parameters of a layer


class SparseRecurrent(nn.Module):
    """What `SparseRNN`, `SparseLSTM` and `SparseGRU` share.

    Equations are torch's; an edge has a weight for each gate. On the CPU, float32 runs in compiled kernels, one thread
    a call, gradients included; the first call on a machine compiles them. Elsewhere, and for other dtypes, the weights
    are scattered into the dense matrices of torch's own functions. Gradients of gradients need that path.

    Attributes:
        weight_ih_l0: (n_gates, n_input_edges), gates in torch's order: i, f, g, o of LSTM, r, z, n of GRU. Edges are in
            the order of ``edges[0].ih.indices``. Likewise ``weight_ih_l1`` of the second layer and so on.
        weight_hh_l0: (n_gates, n_recurrent_edges), in the order of ``edges[0].hh.indices``.
        bias_ih_l0, bias_hh_l0: (n_gates * hidden_size,), as torch has them, unless ``bias`` is False.
        edges: Which weights exist, a `LayerEdges` for each layer.
    """

    cell: str
    n_states: ClassVar[int] = 1
    dense_type: ClassVar[Any]  # of torch
    weight_ih_l0: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        input_pattern: Pattern | list[Pattern],
        recurrent_pattern: Pattern | list[Pattern],
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        allow_empty_rows: bool = False,
        seed: int = 0,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        """Lay out patterns, with initial weights as of `reset_parameters`.

        Args:
            input_size: Number of inputs of a step, at least 1.
            hidden_size: Number of units of a layer, at least 1.
            input_pattern: Which inputs each unit reads: a boolean mask (hidden_size, input_size) or another form, see
                `compressed_rows` in ``nas.models.pattern``, where units are outputs. A layer above the first reads
                hidden_size inputs. A list has a pattern for each layer; anything else is for all layers.
            recurrent_pattern: Which units each unit reads in the step before, (hidden_size, hidden_size), likewise.
            num_layers: Number of layers, each reading the one below.
            bias: Whether units have biases.
            batch_first: Whether tensors are (batch, steps, values) instead of (steps, batch, values). States are not.
            dropout: Share of what a layer gives to the next one to set to zero in training, in [0, 1].
            allow_empty_rows: Whether a unit may read nothing; it then has its biases only.
            seed: Of the initial weights.
            dtype: Any floating dtype; torch's default dtype by default.
            device: A torch device.

        Raises:
            ValueError: A size, the number of layers, the dropout or the dtype is out of range.
            PatternError: (a ValueError) A pattern does not fit.
        """
        super().__init__()
        dtype, name = dtype or torch.get_default_dtype(), type(self).__name__
        for option, value in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"{name}: {option} is {value!r}; it must be an integer of at least 1.")
        if not 0 <= dropout <= (1 if num_layers > 1 else 0):
            raise ValueError(f"{name}: dropout is {dropout}; it must be in [0, 1], and 0 with a single layer.")
        if not dtype.is_floating_point:
            raise ValueError(f"{name}: dtype is {dtype}; it must be a floating one.")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.edges = nn.ModuleList()
        patterns = (
            _one_for_each_layer(name, "input_pattern", input_pattern, num_layers),
            _one_for_each_layer(name, "recurrent_pattern", recurrent_pattern, num_layers),
        )
        for k, pair in enumerate(zip(*patterns, strict=True)):
            sizes = hidden_size if k else input_size, hidden_size
            self.edges.append(LayerEdges(f"{name}, layer {k}", self.cell, *pair, *sizes, allow_empty_rows, device))
        for parameter, edges, _ in self._each():
            shape = (self._n_gates * hidden_size,) if edges is None else (self._n_gates, edges.n_edges)
            self.register_parameter(parameter, nn.Parameter(torch.empty(shape, dtype=dtype, device=device)))
        self.reset_parameters(seed)

    @classmethod
    def from_dense(
        cls,
        dense: nn.RNNBase,
        *,
        input_pattern: Pattern | list[Pattern],
        recurrent_pattern: Pattern | list[Pattern],
        allow_empty_rows: bool = False,
    ) -> Self:
        """Keep the weights of torch's module that are in patterns.

        Args:
            dense: Such as a ``torch.nn.LSTM`` for `SparseLSTM`, without projection, in one direction; left as it is.
            input_pattern, recurrent_pattern, allow_empty_rows: As for the constructor.

        Raises:
            ValueError: As for the constructor, or another module.
        """
        if not isinstance(dense, cls.dense_type) or dense.bidirectional or dense.proj_size:
            wanted = f"a torch.nn.{cls.dense_type.__name__} without projection, in one direction"
            raise ValueError(f"{cls.__name__}: from_dense is given {dense}; it must be {wanted}.")
        weight = dense.get_parameter("weight_ih_l0")
        sparse = cls(
            dense.input_size,
            dense.hidden_size,
            input_pattern=input_pattern,
            recurrent_pattern=recurrent_pattern,
            num_layers=dense.num_layers,
            bias=dense.bias,
            batch_first=dense.batch_first,
            dropout=dense.dropout if dense.num_layers > 1 else 0.0,
            allow_empty_rows=allow_empty_rows,
            dtype=weight.dtype,
            device=weight.device,
            **({"nonlinearity": dense.nonlinearity} if isinstance(dense, nn.RNN) else {}),
        )
        with torch.no_grad():
            for name, edges, _ in sparse._each():
                values = dense.get_parameter(name)
                sparse.get_parameter(name).copy_(values if edges is None else edges.chosen(values))
        return sparse.train(dense.training)

    def to_dense(self) -> nn.RNNBase:
        """Torch's module that computes the same, with zeros for the weights that do not exist."""
        weight = self.weight_ih_l0
        dense: nn.RNNBase = self.dense_type(
            self.input_size,
            self.hidden_size,
            num_layers=self.num_layers,
            bias=self.bias,
            batch_first=self.batch_first,
            dropout=self.dropout,
            dtype=weight.dtype,
            device=weight.device,
            **({"nonlinearity": self.cell} if self.dense_type is nn.RNN else {}),
        )
        with torch.no_grad():
            for (name, _, _), values in zip(self._each(), self._dense_parameters(), strict=True):
                dense.get_parameter(name).copy_(values)
        return dense.train(self.training)

    def reset_parameters(self, seed: int = 0) -> None:
        """Draw weights and biases as torch does, but with the actual fan-in of each unit.

        They are uniform within 1 / sqrt(fan-in) of 0. Torch takes the number of units for the fan-in, with which the
        signal would die at low density; here it is the number of inputs and units that a unit reads.

        Args:
            seed: Same seed, same weights, whatever the dtype or device. Modules of one network want different ones.
        """
        rng = np.random.default_rng(seed)
        for name, edges, fan_in in self._each():
            bound = np.where(fan_in > 0, 1 / np.sqrt(np.maximum(fan_in, 1)), 0)
            bound = bound if edges is None else np.repeat(bound, np.diff(edges.rows()[0]))
            drawn = bound * rng.uniform(-1, 1, (self._n_gates, len(bound)))
            parameter = self.get_parameter(name)
            with torch.no_grad():
                parameter.copy_(torch.from_numpy(drawn).view(parameter.shape))

    def extra_repr(self) -> str:
        """What stands between the brackets of the printed module."""
        return (
            f"{self.input_size}, {self.hidden_size}, cell={self.cell!r}, num_layers={self.num_layers}, "
            f"bias={self.bias}, batch_first={self.batch_first}, dropout={self.dropout}"
        )

    def _run(self, x: Tensor | PackedSequence, given: States | None) -> tuple[Tensor | PackedSequence, States]:
        """What torch's modules give, states in a tuple."""
        name, weight, is_batched = type(self).__name__, self.weight_ih_l0, isinstance(x, PackedSequence) or x.dim() == 3
        steps = steps_of(name, x, self.batch_first)
        rows = checked_rows(name, steps.rows, self.input_size, self.hidden_size, weight)
        shape = self.num_layers, steps.batch, self.hidden_size
        states = first_states(name, given, self.n_states, shape, is_batched, steps, weight)
        is_for_kernels = rows.device.type == "cpu" and rows.dtype == torch.float32
        compute = self._compute_in_kernels if is_for_kernels else self._compute_densely
        rows, states = compute(rows, steps.batch_sizes, states)
        return outputs_like(x, rows, steps, self.batch_first), last_states(states, is_batched, steps)

    def _compute_in_kernels(self, rows: Tensor, batch_sizes: Tensor, states: States) -> tuple[Tensor, States]:
        """Outputs (n_rows, hidden_size) and last states for rows (n_rows, input_size), layer by layer."""
        hidden, cells = states if self.n_states == 2 else (states[0], rows.new_empty(self.num_layers, 0, 0))
        last = []
        for k, layer in enumerate(self.edges):
            if k > 0 and self.dropout > 0:
                rows = functional.dropout(rows, self.dropout, self.training)
            own = [self.get_parameter(f"{kind}_l{k}") for kind in self._kinds]
            parameters = kernel_parameters(self.cell, self.hidden_size, *own)
            given = rows, hidden[k], cells[k], parameters
            keeps = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)
            rows, *ends, _ = sparse_recurrence(*given, batch_sizes, layer.wiring, self.cell, keeps)
            last.append(ends[: self.n_states])
        return rows, tuple(torch.stack(ends) for ends in zip(*last, strict=True))

    def _compute_densely(self, rows: Tensor, batch_sizes: Tensor, states: States) -> tuple[Tensor, States]:
        """The same in a function of torch."""
        options = self.bias, self.num_layers, self.dropout, self.training, False  # one direction
        before = states if self.n_states == 2 else states[0]
        rows, *last = DENSE_FUNCTIONS[self.cell](rows, batch_sizes, before, self._dense_parameters(), *options)
        return rows, tuple(last)

    def _dense_parameters(self) -> list[Tensor]:
        """All parameters as torch has them, differentiable."""
        parameters = [(self.get_parameter(name), edges) for name, edges, _ in self._each()]
        dense = [parameter if edges is None else edges.dense(parameter) for parameter, edges in parameters]
        return _in_one_piece(dense) if dense[0].is_cuda else dense

    @property
    def _n_gates(self) -> int:
        return CELLS[self.cell].n_gates

    @property
    def _kinds(self) -> tuple[str, ...]:
        return KINDS if self.bias else KINDS[:2]

    def _each(self) -> Iterator[tuple[str, Edges | None, NDArray[np.int32]]]:
        """Each parameter in torch's order: its name, its edges if it is of weights, and the fan-in of its units."""
        for k, layer in enumerate(self.edges):
            assert isinstance(layer, LayerEdges)
            for kind in self._kinds:
                edges = {"weight_ih": layer.ih, "weight_hh": layer.hh}.get(kind)
                yield f"{kind}_l{k}", edges, layer.fan_in()

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        for name, module in self.named_modules():
            if isinstance(module, Edges):
                check_pattern(module, state_dict, f"{prefix}{name}.")
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _one_for_each_layer(name: str, option: str, patterns: Any, num_layers: int) -> list[Any]:
    if not isinstance(patterns, list):
        return [patterns] * num_layers
    if len(patterns) != num_layers:
        raise PatternError(
            f"{name}: {option} is a list of {len(patterns)}; give a pattern for each of {num_layers} layers, "
            "or one for all. A pair (indptr, indices) is a tuple."
        )
    return patterns


def _in_one_piece(parameters: list[Tensor]) -> list[Tensor]:
    """The same parameters side by side in memory, matrices before biases: how cuDNN takes them without a copy."""
    order = sorted(range(len(parameters)), key=lambda i: parameters[i].dim() == 1)
    pieces = torch.split(torch.cat([parameters[i].flatten() for i in order]), [parameters[i].numel() for i in order])
    return [pieces[order.index(i)].view(parameters[i].shape) for i in range(len(parameters))]
