"""Generated tables with many inputs, written as `nas search` takes them.

- "one-hot": 70 categorical columns of 4 values each, hence 280 inputs; three classes by a sum of effects of a few
  columns and of pairs of them.
- "noise": 500 numbers of which 20 matter, in two layers of products; four classes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

NAMES = ("one-hot", "noise")
N_ROWS = 3000
N_CATEGORICAL, N_VALUES = 70, 4
N_NUMBERS, N_USEFUL = 500, 20
SEED = 20261129


def write_wide_table(name: str, to: Path) -> str:
    """A CSV file with the target "class"; its path."""
    rng = np.random.default_rng([SEED, NAMES.index(name)])
    if name == "one-hot":
        codes = rng.integers(N_VALUES, size=(N_ROWS, N_CATEGORICAL))
        effects = rng.standard_normal((N_CATEGORICAL, N_VALUES, 3)) * (np.arange(N_CATEGORICAL) < 15)[:, None, None]
        score = effects[np.arange(N_CATEGORICAL)[None], codes].sum(axis=1)
        for first, second in rng.permutation(20).reshape(10, 2):
            pairs = rng.standard_normal((N_VALUES, N_VALUES, 3)) * 1.5
            score += pairs[codes[:, first], codes[:, second]]
        y = score.argmax(axis=1)
        cells = np.array(list("abcd"))[codes].astype(object)
    else:
        numbers = rng.standard_normal((N_ROWS, N_NUMBERS))
        useful = numbers[:, rng.permutation(N_NUMBERS)[:N_USEFUL]]
        hidden = np.tanh(useful @ rng.standard_normal((N_USEFUL, 12)) / 2.0)
        score = hidden @ rng.standard_normal((12, 4)) + 0.3 * rng.standard_normal((N_ROWS, 4))
        y = score.argmax(axis=1)
        cells = np.array([[f"{value:.5g}" for value in row] for row in numbers], dtype=object)
    header = [*(f"c{column}" for column in range(cells.shape[1])), "class"]
    lines = [",".join(header), *(",".join([*row, f"k{label}"]) for row, label in zip(cells, y, strict=True))]
    to.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(to)
