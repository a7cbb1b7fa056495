"""Data of a run: read from files, arrays or built-ins, split, and encoded for the engine."""

from __future__ import annotations

from nas.data.dataset import Dataset
from nas.data.encoding import Encoding
from nas.data.load import encode_new, load_source, prepare
from nas.data.sequence_dataset import SequenceDataset
from nas.data.sequence_encoding import SequenceEncoding
from nas.data.sequence_load import encode_new_sequences, is_sequence_source, prepare_sequences
from nas.data.source import Source

AnyDataset = Dataset | SequenceDataset
AnyEncoding = Encoding | SequenceEncoding

__all__ = [
    "AnyDataset",
    "AnyEncoding",
    "Dataset",
    "Encoding",
    "SequenceDataset",
    "SequenceEncoding",
    "Source",
    "encode_new",
    "encode_new_sequences",
    "is_sequence_source",
    "load_source",
    "prepare",
    "prepare_sequences",
]
