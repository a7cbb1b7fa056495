"""Folders of IDX files, as MNIST and its relatives are distributed (http://yann.lecun.com/exdb/mnist/)."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas.data.arrays import feature_array, source_of
from nas.data.source import Source
from nas.errors import DataError

UNSIGNED_BYTE = 0x08
IMAGES, LABELS = "images", "labels"
N_DIMENSIONS = {IMAGES: 3, LABELS: 1}


def read_idx_folder(data: str) -> Source:
    """Images and labels of a folder: ``train-...``, and ``t10k-...`` as its test rows if they are there.

    Files may end in ``.gz`` and may be called ``train-images-idx3-ubyte`` or ``train-images.idx3-ubyte``.

    Raises:
        DataError: Files are missing, damaged, or do not fit together.
    """
    train = _read_pair(data, "train")
    if train is None:
        raise DataError(
            f"{data} is a folder without train-images-idx3-ubyte and train-labels-idx1-ubyte (.gz or not). "
            "Give the folder of an IDX data set, or a file."
        )
    return source_of(data, *train, *(_read_pair(data, "t10k") or ()))


def read_new_images(data: str) -> NDArray[Any]:
    """Images alone, uint8 of shape (n_rows, n_pixels): those of ``t10k``, else those of ``train``."""
    for part in ("t10k", "train"):
        path = _find(data, part, IMAGES)
        if path is not None:
            return feature_array(str(path), IMAGES, read_idx(path, N_DIMENSIONS[IMAGES]))
    raise DataError(
        f"{data} is a folder without t10k-images-idx3-ubyte. Give the folder of an IDX data set, or a file."
    )


def read_idx(path: Path, n_dimensions: int) -> NDArray[np.uint8]:
    """One IDX file of unsigned bytes, in the shape that its header states.

    Raises:
        DataError: The header is not that of unsigned bytes in ``n_dimensions``, or the size is not what it
            states.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    magic = bytes([0, 0, UNSIGNED_BYTE, n_dimensions])
    if content[:4] != magic:
        raise DataError(
            f"{path} is not such an IDX file: it starts with 0x{content[:4].hex()}, not 0x{magic.hex()}. "
            "Replace the file."
        )
    start = 4 + 4 * n_dimensions
    sizes = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    if len(content) != start + math.prod(sizes):
        stated = start + math.prod(sizes)
        raise DataError(f"{path} has {len(content)} bytes, but its header states {stated}. Replace the file.")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(sizes)


def _read_pair(data: str, part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    images, labels = _find(data, part, IMAGES), _find(data, part, LABELS)
    if images is None and labels is None:
        return None
    if images is None or labels is None:
        raise DataError(f"{data} has only one of {part}-images and {part}-labels. Add the other file.")
    return read_idx(images, N_DIMENSIONS[IMAGES]), read_idx(labels, N_DIMENSIONS[LABELS])


def _find(data: str, part: str, content: str) -> Path | None:
    ending = f"idx{N_DIMENSIONS[content]}-ubyte"
    names = (f"{part}-{content}{dot}{ending}{gz}" for dot in "-." for gz in ("", ".gz"))
    return next((path for name in names if (path := Path(data) / name).is_file()), None)
