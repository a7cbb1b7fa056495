"""Sparse layers and networks as modules of torch, for anyone's code."""

from __future__ import annotations

from nas.models.pattern import PatternError
from nas.models.sparse_linear import SparseLinear
from nas.models.sparse_mlp import SparseMLP
from nas.models.sparse_recurrent import SparseGRU, SparseLSTM, SparseRNN

__all__ = ["PatternError", "SparseGRU", "SparseLSTM", "SparseLinear", "SparseMLP", "SparseRNN"]
