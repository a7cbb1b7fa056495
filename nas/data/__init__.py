"""Data of a run: read from files, arrays or built-ins, split, and encoded for the engine."""

from __future__ import annotations

from nas.data.dataset import Dataset
from nas.data.encoding import Encoding
from nas.data.load import encode_new, load_source, prepare
from nas.data.source import Source

__all__ = ["Dataset", "Encoding", "Source", "encode_new", "load_source", "prepare"]
