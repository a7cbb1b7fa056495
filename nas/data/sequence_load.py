"""From what the user calls DATA to a data set of sequences: read, split, encode."""

from __future__ import annotations

import hashlib
import json
import os
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nas.data.builtin import SEQUENCE_BUILTINS
from nas.data.load import split_and_code
from nas.data.reber import GrammarStrings, embedded_reber_strings, reber_strings, trivial_baselines
from nas.data.sequence_dataset import HeldOutSequences, SequenceDataset
from nas.data.sequence_encoding import (
    SequenceEncoding,
    SequenceInputs,
    SymbolCode,
    fit_channels,
    fit_symbols,
)
from nas.data.sequence_files import (
    LABEL,
    STRING,
    SequenceSource,
    has_sequences,
    read_new_arrays,
    read_new_strings,
    read_sequence_arrays,
    read_strings,
)
from nas.data.sequences import Sequences, sequences_of_strings
from nas.data.source import Source, TextColumn, content_digest
from nas.data.split import Split
from nas.data.target import TargetCode, Task, check_targets_vary, decide_task, encode_test
from nas.errors import DataError, quoted

CLASSES = ("0", "1")  # of a grammar's strings: invalid, valid
SEQUENCES_VERSION = 2  # raise it when the same source and options give other arrays
NEW_STRINGS_SEED = 0  # of a built-in grammar without a run: that of a search without --seed


def is_sequence_source(data: str) -> bool:
    """Whether DATA can only be meant as sequences.

    It is the name of a built-in grammar, an NPZ file with the key ``lengths_train``, or a CSV file with the header
    ``string,label``. A file or folder wins over a built-in of the same name. A file that cannot be read is none.
    """
    return has_sequences(data) if os.path.exists(data) else data in SEQUENCE_BUILTINS


def prepare_sequences(data: str, *, target: str | None = None, task: Task | None = None, seed: int) -> SequenceDataset:
    """Read sequences, split them, and encode them; the same source and options give the same data set.

    The split is that of ``nas.data.prepare``; only training sequences shape the encoding. A built-in grammar's strings
    are drawn with the seed, a quarter of them for the test.

    Args:
        data: A .npz file, a .csv or .csv.gz file of strings, or "reber" or "reber-embedded".
        target: The column of classes of a CSV file with exactly one other column, the strings; None asks for the
            header ``string,label``. Others take none.
        task: Classification or regression; None tells it by the target. Strings have classes.
        seed: Seed of the run, at least 0.

    Raises:
        DataError: The source cannot be read or cannot be learned from; the message says what to change.
    """
    source = _load_source(data, target, seed)
    label, sequences = source.label, source.sequences
    task = decide_task(label, source.target, task)
    split, code = split_and_code(label, source.target, task, seed=seed, has_test=source.test_target is not None)
    notes: list[str] = []
    if sequences.are_strings:
        encoding = SequenceEncoding(fit_symbols(label, source.name, sequences, split.train), code)
    else:
        channels, notes = fit_channels(label, sequences, split.train)
        encoding = SequenceEncoding(channels, code)

    y = code.encode(label, source.target)
    held_out = _held_out(source, split, code, y)
    if task == "regression":
        check_targets_vary(label, validation=y[split.validation], test=held_out.y)
    development = np.concatenate([split.train, split.validation])
    x, offsets = encoding.transform(label, sequences, development)
    return SequenceDataset(
        x=x,
        offsets=offsets,
        y=y[development],
        n_train=len(split.train),
        encoding=encoding,
        fingerprint=_fingerprint(source, target=target, task=task, seed=seed),
        notes=tuple(notes),
        _held_out=held_out,
    )


def encode_new_sequences(data: str, encoding: SequenceEncoding) -> tuple[SequenceInputs, NDArray[np.int64]]:
    """Inputs of new sequences, of shape (n_inputs, n_steps), and where each starts, int64 of shape (n + 1,).

    An NPZ file keeps its sequences in ``x`` and ``lengths``, or else in ``x_test`` and ``lengths_test``. A CSV file
    has the column of strings, with or without others; a symbol that the training strings did not have gives zeros. Of
    a built-in grammar all strings are taken, those of seed 0.

    Raises:
        DataError: The source cannot be read, or its sequences are not of the kind that the network was trained on.
    """
    return encoding.transform(data, _read_new(data, encoding))


def _read_new(data: str, encoding: SequenceEncoding) -> Sequences:
    if not _is_file(data):
        return sequences_of_strings(data, _draw(data, NEW_STRINGS_SEED).strings)
    if data.lower().endswith(".npz"):
        return read_new_arrays(data)
    return read_new_strings(data, encoding.inputs.name if isinstance(encoding.inputs, SymbolCode) else STRING)


def _load_source(data: str, target: str | None, seed: int) -> SequenceSource:
    if _is_file(data) and not data.lower().endswith(".npz"):
        return read_strings(data, target)
    if target is not None:
        raise DataError(f"{data} has no columns, so none is called {quoted(target)}. Leave --target out.")
    return read_sequence_arrays(data) if _is_file(data) else _grammar_source(data, _draw(data, seed))


def _is_file(data: str) -> bool:
    """Whether DATA is a file, or else a built-in grammar."""
    if os.path.exists(data):
        return True
    if data in SEQUENCE_BUILTINS:
        return False
    raise DataError(
        f"There is no file {quoted(data)}, and it is none of the built-in grammars "
        f"({', '.join(SEQUENCE_BUILTINS)}). Correct the path or the name."
    )


def _draw(data: str, seed: int) -> GrammarStrings:
    return reber_strings(seed=seed) if data == "reber" else embedded_reber_strings(seed=seed)


def _grammar_source(data: str, drawn: GrammarStrings) -> SequenceSource:
    n, strings, labels = drawn.n_train, drawn.strings, drawn.labels
    return SequenceSource(
        label=data,
        name=STRING,
        sequences=sequences_of_strings(data, strings[:n]),
        target=TextColumn(LABEL, labels[:n], CLASSES),
        test_sequences=sequences_of_strings(data, strings[n:]),
        test_target=TextColumn(LABEL, labels[n:], CLASSES),
        families=(drawn.family_names, drawn.families[n:]),
        baselines=partial(trivial_baselines, strings[:n], labels[:n], strings[n:]),
    )


def _held_out(
    source: SequenceSource, split: Split, code: TargetCode, y: NDArray[np.int32] | NDArray[np.float32]
) -> HeldOutSequences:
    if source.test_sequences is None or source.test_target is None:
        return HeldOutSequences(source.label, source.sequences.take(split.test), y[split.test])
    y_test = encode_test(source.label, source.test_target, code)
    return HeldOutSequences(source.label, source.test_sequences, y_test, source.families, source.baselines)


def _fingerprint(source: SequenceSource, **options: object) -> str:
    """Sha256 of what a source holds and of the options, whatever its file is called."""
    test = source.test_sequences
    values = Source(
        source.label, source.sequences.values, source.target, None if test is None else test.values, source.test_target
    )
    digest = hashlib.sha256(content_digest(values).encode())
    for sequences in (source.sequences, test):
        if sequences is not None:
            digest.update(sequences.offsets.data)
    digest.update(json.dumps({**options, "version": SEQUENCES_VERSION}).encode())
    return digest.hexdigest()
