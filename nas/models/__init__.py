"""Sparse layers and networks as modules of torch, for anyone's code."""

from __future__ import annotations

from nas.models.pattern import PatternError
from nas.models.sparse_linear import SparseLinear
from nas.models.sparse_mlp import SparseMLP

__all__ = ["PatternError", "SparseLinear", "SparseMLP"]
