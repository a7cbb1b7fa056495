"""Integer arrays in one tensor: operators of torch cost by the argument."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Int32 = NDArray[np.int32]


def packed(arrays: Sequence[Int32]) -> Tensor:
    """One int32 tensor: the number of arrays, their lengths, and their content."""
    lengths = np.array([len(arrays), *map(len, arrays)], np.int32)
    return torch.from_numpy(np.concatenate([lengths, *arrays]))


def unpacked(tensor: Tensor) -> list[Int32]:
    """The arrays of `packed`, as views; the tensor is on the CPU."""
    content = tensor.numpy()
    last = 1 + int(content[0])
    arrays = []
    for length in content[1:last].tolist():
        arrays.append(content[last : last + length])
        last += length
    return arrays
