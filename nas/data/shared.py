"""One copy of the training data for all worker processes: files that are mapped into memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rows(NamedTuple):
    """Rows of a table or sequences, as a worker sees them; changes would stay in the process that makes them.

    Attributes:
        x: Inputs (n, n_inputs) of rows, or (n_steps, n_inputs) of sequences: float32, or uint8.
        y: Targets (n,) as float32.
        offsets: Where each sequence starts, int64 (n + 1,); None for rows.
        scale: float32 (n_inputs,): a value v of input i stands for ``scale[i] * v + shift[i]``.
        shift: float32 (n_inputs,).
    """

    x: NDArray[Any]
    y: NDArray[np.float32]
    offsets: NDArray[np.int64] | None
    scale: NDArray[np.float32]
    shift: NDArray[np.float32]


@dataclass(frozen=True)
class SharedRows:
    """Where the rows lie; opened by each worker, held in memory once by the page cache.

    Attributes:
        folder: Folder of the files.
    """

    folder: Path

    @classmethod
    def write(
        cls,
        folder: Path,
        x: NDArray[Any],
        y: NDArray[Any],
        offsets: NDArray[np.int64] | None = None,
        scale: NDArray[np.float32] | None = None,
        shift: NDArray[np.float32] | None = None,
    ) -> SharedRows:
        """Write what `Rows` describes into a folder, which is made; by default inputs stand for themselves."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "x.npy", x)
        np.save(folder / "y.npy", y.astype(np.float32))
        np.save(folder / "scale.npy", np.ones(x.shape[1], np.float32) if scale is None else scale)
        np.save(folder / "shift.npy", np.zeros(x.shape[1], np.float32) if shift is None else shift)
        if offsets is None:
            (folder / "offsets.npy").unlink(missing_ok=True)
        else:
            np.save(folder / "offsets.npy", offsets)
        return cls(folder)

    def open(self) -> Rows:
        """The rows, mapped into memory; inputs in the dtype in which they were written."""
        has_offsets = (self.folder / "offsets.npy").exists()
        offsets = self._map("offsets.npy") if has_offsets else None
        return Rows(self._map("x.npy"), self._map("y.npy"), offsets, self._map("scale.npy"), self._map("shift.npy"))

    def _map(self, name: str) -> NDArray[Any]:
        # Copy on write rather than read-only: kernels are compiled once, for writeable arrays.
        return np.asarray(np.load(self.folder / name, mmap_mode="c"))
