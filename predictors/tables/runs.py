"""Runs of searches: what was trained there, read from their records without writing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.features import FEATURES_VERSION, feature_names, recorded_names, size_names
from predictors.features.training_genes import training_names
from predictors.labels import final_score_estimates
from predictors.tables.recipe import Recipe

RECORD = "study.db"
RUNS = Path("runs")
EARLY_NAME = "score_rung1"
"""The mean over seeds of the score at the first rung."""

_ATTRIBUTES = """
    SELECT trials.number, attributes.key, attributes.value_json
    FROM trials JOIN trial_user_attributes AS attributes ON attributes.trial_id = trials.trial_id
    WHERE attributes.key IN ('candidate', 'features', 'outcome')
    ORDER BY trials.number
"""


@dataclass(frozen=True)
class _Trained:
    """One candidate of a run that has scores."""

    key: str
    space: str
    prior: str
    values: tuple[float, ...]
    scores: tuple[tuple[float, ...], ...]  # of each seed at each rung


def find_run(source: str) -> Path | None:
    """The folder of a run, given as a path or as a name in ``runs``; None if it is none."""
    for path in (Path(source), RUNS / source):
        if (path / RECORD).is_file():
            return path
    return None


def read_runs(paths: Sequence[Path], *, early_evidence: bool = False) -> tuple[Examples, Recipe]:
    """The candidates that runs have trained, with the score that each has or would be expected to have at the end.

    Candidates that were stopped are labelled run by run, see `final_score_estimates`. A candidate that occurs several
    times stays in one fold.

    Args:
        paths: Folders of runs.
        early_evidence: Whether the score at the first rung, `EARLY_NAME`, is a feature.

    Raises:
        PredictorError: A record cannot be read, nothing was trained, or the runs are of different spaces or features.
    """
    runs = [_read_run(path) for path in paths]
    spaces = [run[0].space for run in runs]
    for path, space in zip(paths, spaces, strict=True):
        if space != spaces[0]:
            raise PredictorError(
                f"The run {path} searched the space {space}, {paths[0]} {spaces[0]}; give runs of one space."
            )
    names = _names(paths[0], spaces[0], len(runs[0][0].values))
    for path, run in zip(paths, runs, strict=True):
        if any(len(trained.values) != len(names) for trained in run):
            raise PredictorError(
                f"The run {path} has {len(run[0].values)} features a candidate, and {len(names)} are needed; give runs "
                "of the same version, all with or all without training-free scores."
            )
    trained = [one for run in runs for one in run]
    n_seeds = max(len(one.scores[-1]) for one in trained)
    targets = np.concatenate([_labels(run) for run in runs])
    repeats = np.full((len(trained), n_seeds), np.nan)
    for row, one in enumerate(trained):
        # The seeds of a candidate that was stopped differ as they did when it was.
        last = np.array(one.scores[-1])
        repeats[row, : len(last)] = targets[row] + last - last.mean()
    keys = sorted({one.key for one in trained})
    rows = np.array([one.values for one in trained], dtype=np.float64)
    if early_evidence:
        names = (*names, EARLY_NAME)
        rows = np.column_stack([rows, [np.mean(one.scores[0]) for one in trained]])
    examples = Examples(
        names=names,
        rows=rows,
        targets=targets,
        repeats=repeats if n_seeds > 1 else None,
        size_names=size_names(spaces[0]),
        training_names=training_names(names),
        families=tuple(one.prior for one in trained),
        groups=np.searchsorted(np.array(keys), np.array([one.key for one in trained])).astype(np.int64),
    )
    recipe = Recipe(columns=names, family="prior", space=spaces[0], features_version=FEATURES_VERSION)
    return examples, recipe


def _names(path: Path, space: str, n_features: int) -> tuple[str, ...]:
    try:
        return recorded_names(space, n_features)
    except ValueError:
        raise PredictorError(
            f"The run {path} has {n_features} features a candidate, and this version has {len(feature_names(space))}; "
            "search again."
        ) from None


def _labels(run: Sequence[_Trained]) -> np.ndarray[Any, np.dtype[np.float64]]:
    means = [[float(np.mean(seeds)) for seeds in one.scores] for one in run]
    return final_score_estimates(means, max(len(one) for one in means))


def _read_run(path: Path) -> list[_Trained]:
    record = path / RECORD
    try:
        with closing(sqlite3.connect(f"{record.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute(_ATTRIBUTES).fetchall()
    except sqlite3.Error as error:
        raise PredictorError(f"{record} cannot be read: {error}. Give the folder of a run of nas search.") from None
    trials: dict[int, dict[str, Any]] = {}
    trained: list[_Trained] = []
    try:
        for number, key, value in found:
            trials.setdefault(number, {})[key] = json.loads(value)
        for attributes in trials.values():
            trained += _trained(path, attributes)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise PredictorError(
            f"{record} is not a record that this version reads: {type(error).__name__} {error}. Search again."
        ) from None
    if not trained:
        raise PredictorError(f"The run {path} has trained nothing yet; go on with `nas resume {path}`.")
    return trained


def _trained(path: Path, attributes: dict[str, Any]) -> list[_Trained]:
    """The candidate of a trial, if it has scores; failures and those that were skipped have none."""
    outcome = attributes.get("outcome")
    if outcome is None or outcome["ending"] == "failed" or not outcome["scores"]:
        return []
    features, candidate = attributes["features"], attributes["candidate"]
    genotype = candidate["genotype"]
    version = features.get("version")
    if version != FEATURES_VERSION:
        raise PredictorError(
            f"The run {path} has features of version {version}, and this version has {FEATURES_VERSION}; search again."
        )
    largest = max(genotype["segments"], key=lambda segment: segment["stop"] - segment["start"])
    return [
        _Trained(
            key=candidate["key"],
            space=genotype["space"],
            prior=largest["prior"],
            values=tuple(float(value) for value in features["values"]),
            scores=tuple(tuple(float(score) for score in seeds) for seeds in outcome["scores"]),
        )
    ]
