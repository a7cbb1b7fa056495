"""A table of trained networks, as `nas table build` writes it: what predictors and searches are replayed on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.features import size_names
from predictors.features.training_genes import training_names

if TYPE_CHECKING:
    import pandas as pd

_SCORE = re.compile(r"score_rung(\d+)_seed(\d+)")
_BEFORE_FEATURES, _AFTER_FEATURES = "wiring_density", "genotype"


@dataclass(frozen=True, eq=False)
class NetworkTable:
    """Networks drawn at random, all trained to the end with several seeds.

    Attributes:
        frame: The table as it is: key, prior, cell and graph of recurrent networks, genotype as JSON, and all below.
        feature_names: Names of the columns of structural features.
        scores: Validation scores, shape (n, n_rungs, n_seeds); accuracy as a fraction, or r2.
        test_scores: Test scores after the whole training, shape (n, n_seeds).
        seconds: Time that all seeds together took until each rung, shape (n, n_rungs).
    """

    frame: pd.DataFrame
    feature_names: tuple[str, ...]
    scores: NDArray[np.float64]
    test_scores: NDArray[np.float64]
    seconds: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame)

    def examples(self) -> Examples:
        """What a predictor of the final validation score learns from: features, mean over the seeds, and each seed."""
        of_size = size_names("rnn" if "cell" in self.frame else "mlp")
        return Examples(
            names=self.feature_names,
            rows=self.frame[list(self.feature_names)].to_numpy(np.float64),
            targets=self.scores[:, -1].mean(axis=1),
            repeats=self.scores[:, -1],
            size_names=tuple(name for name in of_size if name in self.feature_names),
            training_names=training_names(self.feature_names),
            families=tuple(self.frame["prior"]),
        )


def is_network_table(columns: list[str]) -> bool:
    """Whether these are the columns of a table of networks."""
    return {_BEFORE_FEATURES, _AFTER_FEATURES} <= set(columns) and any(_SCORE.fullmatch(name) for name in columns)


def network_features(columns: list[str]) -> tuple[str, ...]:
    """Those of the columns of a table of networks that are structural features."""
    return tuple(columns[columns.index(_BEFORE_FEATURES) + 1 : columns.index(_AFTER_FEATURES)])


def final_scores(columns: list[str]) -> tuple[str, ...]:
    """Those of the columns of a table of networks that are the scores of each seed at the last rung."""
    rungs = {name: int(match[1]) for name in columns if (match := _SCORE.fullmatch(name))}
    return tuple(name for name, rung in rungs.items() if rung == max(rungs.values()))


def first_scores(columns: list[str]) -> tuple[str, ...]:
    """Likewise those at the first rung: early evidence of the last."""
    return tuple(name for name in columns if (match := _SCORE.fullmatch(name)) and int(match[1]) == 1)


def read_network_table(path: Path | str) -> NetworkTable:
    """Read a table of networks.

    Raises:
        PredictorError: The file cannot be read, or is no such table.
    """
    import pandas as pd

    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise PredictorError(f"{path} cannot be read: {error}. Give a table that nas table build wrote.") from None
    columns = list(frame.columns)
    if not is_network_table(columns):
        raise PredictorError(f"{path} is no table of networks: its columns are others than nas table build writes.")
    places = [match.groups() for name in columns if (match := _SCORE.fullmatch(name))]
    n_rungs, n_seeds = (max(int(place[axis]) for place in places) for axis in (0, 1))
    rungs, seeds = range(1, n_rungs + 1), range(1, n_seeds + 1)

    def numbers(names: list[str]) -> NDArray[np.float64]:
        values: NDArray[np.float64] = frame[names].to_numpy(np.float64)
        return values

    scores = numbers([f"score_rung{rung}_seed{seed}" for rung in rungs for seed in seeds])
    return NetworkTable(
        frame=frame,
        feature_names=network_features(columns),
        scores=scores.reshape(len(frame), n_rungs, n_seeds),
        test_scores=numbers([f"test_score_seed{seed}" for seed in seeds]),
        seconds=numbers([f"seconds_rung{rung}" for rung in rungs]),
    )
