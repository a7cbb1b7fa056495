"""One copy of the training data for all worker processes: files that are mapped into memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SharedRows:
    """Where the rows lie; opened by each worker, held in memory once by the page cache.

    Attributes:
        folder: Folder of the two files.
    """

    folder: Path

    @classmethod
    def write(cls, folder: Path, x: NDArray[np.float32], y: NDArray[Any]) -> SharedRows:
        """Write feature-major inputs (n_inputs, n) and targets (n,) into a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "x.npy", x)
        np.save(folder / "y.npy", y.astype(np.float32))
        return cls(folder)

    def open(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Inputs (n_inputs, n) and targets (n,) as float32; changes would stay in the process that makes them."""
        # Copy on write rather than read-only: kernels are compiled once, for writeable arrays.
        x, y = (np.asarray(np.load(self.folder / name, mmap_mode="c")) for name in ("x.npy", "y.npy"))
        return x, y
