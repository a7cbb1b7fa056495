"""Data sets of the benchmarks, written as `nas search` takes them.

They come from a folder with `tabular.npz` (NAME_x, NAME_y, NAME_classes of twelve tables), `sequences.npz`
(NAME_x_train, NAME_len_train, NAME_y_train, ..._test) and `mnist.npz`; or are bundled, or generated here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

TEST_SHARE, SPLIT_SEED = 0.3, 0  # of the published baselines
LONG_STEPS, LONG_CLASSES, LONG_NOISE = 427, 6, 1.0


def names_of_tables(folder: Path) -> list[str]:
    """The tables of `tabular.npz`."""
    with np.load(folder / "tabular.npz") as data:
        return sorted(key.removesuffix("_x") for key in data.files if key.endswith("_x"))


def write_table(folder: Path, name: str, to: Path) -> str:
    """A table with the test rows of its published baselines, as an NPZ file; the path."""
    with np.load(folder / "tabular.npz") as data:
        x, y = data[f"{name}_x"].astype(np.float32), data[f"{name}_classes"][data[f"{name}_y"]]
    parts = train_test_split(x, y, test_size=TEST_SHARE, random_state=SPLIT_SEED, stratify=y)
    path = to / f"{name}.npz"
    np.savez(path, **dict(zip(("x_train", "x_test", "y_train", "y_test"), parts, strict=True)))
    return str(path)


def write_sequences(folder: Path, name: str, to: Path) -> str:
    """A set of `sequences.npz` with its official split; the path."""
    with np.load(folder / "sequences.npz") as data:
        arrays = {
            f"{ours}_{part}": data[f"{name}_{theirs}_{part}"]
            for part in ("train", "test")
            for ours, theirs in (("x", "x"), ("lengths", "len"), ("y", "y"))
        }
    path = to / f"{name}.npz"
    np.savez(path, **arrays)
    return str(path)


def write_long_sequences(to: Path, n: int = 200) -> str:
    """Long sequences of one channel in six classes, as many for the test; the path."""
    arrays = {}
    for part, seed in (("train", 0), ("test", 1)):
        x, y = long_sequences(n, np.random.default_rng(seed))
        arrays |= {f"x_{part}": x, f"lengths_{part}": np.full(n, LONG_STEPS), f"y_{part}": y}
    path = to / "long-sequences.npz"
    np.savez(path, **arrays)
    return str(path)


def long_sequences(n: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Waves in noise: each class has a frequency of three, and a swell in the first or in the second half.

    Returns:
        float32 (n, LONG_STEPS, 1), and classes (n,), each as often as the others, or once more.
    """
    y = rng.permutation(np.arange(n) % LONG_CLASSES)
    t = np.arange(LONG_STEPS) / LONG_STEPS  # (steps,)
    frequency, half = 4.0 * 2.0 ** (y % 3), np.where(y < 3, 0.25, 0.75)
    phase = rng.uniform(0, 2 * np.pi, n)
    waves = np.sin(2 * np.pi * frequency[:, None] * t + phase[:, None])  # (n, steps)
    swell = 0.5 + np.exp(-(((t - half[:, None]) / 0.15) ** 2))
    x = swell * waves + LONG_NOISE * rng.standard_normal((n, LONG_STEPS))
    return x[:, :, None].astype(np.float32), y
