"""The record of a run: each candidate is an Optuna trial. Optuna is imported here and in `nas.study_rows`.

One process writes. Trials are written whole, all that wait in one transaction, by a thread beside the search, which
goes on meanwhile; ``flush`` waits until all is on disk.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from nas.errors import CheckpointError, RunFailed
from nas.outcome import Ending, Outcome
from nas.study_rows import has_known_tables, insert_trials
from predictors import FEATURES_VERSION, Decision
from search_spaces import PRIORS, AnyGenotype, Genotype, genotype_from_dict
from search_spaces.genotype import ACTIVATIONS
from search_spaces.input_choice import INPUT_CHOICES
from search_spaces.recurrent_genotype import POOLINGS, READINGS
from search_spaces.recurrent_wiring import CELLS
from search_spaces.sparse_training import METHODS, MOST_FURTHER

STUDY_NAME = "search"
BUSY_TIMEOUT_S = 60

_STATES = {
    Ending.COMPLETE: TrialState.COMPLETE,
    Ending.STOPPED: TrialState.PRUNED,
    Ending.CUT_OFF: TrialState.PRUNED,
    Ending.FAILED: TrialState.FAIL,
}
_PARAMETERS: dict[str, BaseDistribution] = {
    "prior": CategoricalDistribution(sorted(PRIORS)),
    "neurons": IntDistribution(1, 100_000, log=True),
    "inputs_per_neuron": IntDistribution(0, 1_000_000),
    "activation": CategoricalDistribution(ACTIVATIONS),
    "input_choice": CategoricalDistribution(INPUT_CHOICES),
    "sparse_training": CategoricalDistribution(METHODS),
    "further_prunings": IntDistribution(0, MOST_FURTHER),
    "learning_rate": FloatDistribution(1e-6, 10.0, log=True),
    "dropout": FloatDistribution(0.0, 1.0),
    "label_smoothing": FloatDistribution(0.0, 1.0),
    "reading": CategoricalDistribution(READINGS),
    "cell": CategoricalDistribution(CELLS),
    "embedding": IntDistribution(0, 1_000_000),
    "window": IntDistribution(1, 1_000_000, log=True),
    "stride": IntDistribution(1, 1_000_000, log=True),
    "differences": CategoricalDistribution((False, True)),
    "bidirectional": CategoricalDistribution((False, True)),
    "pooling": CategoricalDistribution(tuple(POOLINGS)),
}

_RECURRENT_GENES = (
    "reading", "cell", "embedding", "window", "stride", "differences", "bidirectional", "pooling"
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Trial:
    """One row of the record.

    Attributes:
        number: Its number in the study, from 0.
        key: Key of its genotype.
        genotype: What it is.
        generation: When it was proposed, from 0.
        parents: Keys of what it came from.
        n_weights: Weights of its network.
        n_drawn: Weights of its wiring as it was drawn; more where training drops some.
        n_parameters: Its weights and biases.
        density: Share of the dense network's weights.
        features: Structural features.
        decision: What the gate said of it.
        outcome: How its training went; None if it was skipped.
    """

    number: int
    key: str
    genotype: AnyGenotype
    generation: int
    parents: tuple[str, ...]
    n_weights: int
    n_drawn: int
    n_parameters: int
    density: float
    features: tuple[float, ...]
    decision: Decision
    outcome: Outcome | None


class Recorder:
    """Writes trials to a study, and reads them back."""

    def __init__(self, path: Path, score_name: str) -> None:
        """Open the study at a path, or make it."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        try:
            _prepare_file(path)
            url = URL.create("sqlite", database=str(path.resolve())).render_as_string()
            storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": BUSY_TIMEOUT_S}})
            study = optuna.create_study(
                storage=storage,
                study_name=STUDY_NAME,
                directions=["maximize", "minimize"],
                load_if_exists=True,
            )
            with warnings.catch_warnings():  # naming is for the dashboard alone, so that it may change
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                study.set_metric_names([score_name, "n_weights"])
            self._engine = storage.engine
            self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
            self._insert: Callable[[Sequence[FrozenTrial]], None] = study.add_trials  # slow, for tables as yet unknown
            if has_known_tables(self._connection):
                self._insert = partial(insert_trials, self._connection, STUDY_NAME)
        except (sqlite3.Error, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
            raise CheckpointError(f"{path} is not a study this version can open: {error}.") from None
        self.history = [_from_frozen(frozen) for frozen in study.get_trials(deepcopy=False)]
        self._recorded = {(trial.generation, trial.key) for trial in self.history}
        self._queue: queue.SimpleQueue[Trial | None] = queue.SimpleQueue()
        self._written = threading.Condition()
        self._n_waiting = 0
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._write_all, name="recorder", daemon=True)
        self._thread.start()

    def add(
        self,
        genotype: AnyGenotype,
        key: str,
        generation: int,
        parents: tuple[str, ...],
        n_weights: int,
        n_drawn: int,
        n_parameters: int,
        density: float,
        features: Sequence[float],
        decision: Decision,
        outcome: Outcome | None,
    ) -> Trial:
        """Record a candidate; one that this generation has recorded before is given back as it was."""
        if (generation, key) in self._recorded:
            return next(t for t in self.history if t.key == key and t.generation == generation)
        trial = Trial(
            number=len(self.history),
            key=key,
            genotype=genotype,
            generation=generation,
            parents=parents,
            n_weights=n_weights,
            n_drawn=n_drawn,
            n_parameters=n_parameters,
            density=density,
            features=tuple(float(value) for value in features),
            decision=decision,
            outcome=outcome,
        )
        self.history.append(trial)
        self._recorded.add((generation, key))
        with self._written:
            self._n_waiting += 1
        self._queue.put(trial)
        return trial

    def flush(self) -> None:
        """Wait until every trial is on disk.

        Raises:
            RunFailed: A trial could not be written.
        """
        with self._written:
            self._written.wait_for(lambda: self._n_waiting == 0 or self._error is not None)
        if self._error is not None:
            raise RunFailed(
                f"The study cannot be written: {self._error}. Make room on the disk, then go on with `nas resume`."
            )

    def close(self) -> None:
        """Write what is left, and end the thread."""
        self._queue.put(None)
        self._thread.join()
        self._connection.close()
        self._engine.dispose()

    def _write_all(self) -> None:
        is_open = True
        while is_open:
            waiting = [self._queue.get()]
            while not self._queue.empty():
                waiting.append(self._queue.get())
            trials = [trial for trial in waiting if trial is not None]
            is_open = len(trials) == len(waiting)
            if trials and self._error is None:
                try:
                    self._insert([_to_frozen(trial) for trial in trials])
                except Exception as error:  # shown by flush, in the main thread
                    self._error = error
            with self._written:
                self._n_waiting -= len(trials)
                self._written.notify_all()


def read_history(path: Path) -> list[Trial]:
    """All trials of a study, read without writing; the study may be in use."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        place = URL.create("sqlite", database=path.resolve().as_uri(), query={"mode": "ro", "uri": "true"})
        storage = RDBStorage(place.render_as_string(), skip_table_creation=True)
        study = optuna.load_study(storage=storage, study_name=STUDY_NAME)
        trials = [_from_frozen(frozen) for frozen in study.get_trials(deepcopy=False)]
        storage.remove_session()
        storage.engine.dispose()
    except (SQLAlchemyError, optuna.exceptions.OptunaError, KeyError) as error:
        raise CheckpointError(f"{path} is not a study this version can open: {error}.") from None
    return trials


def _prepare_file(path: Path) -> None:
    """Make readers not block the writer, for good: the mode is kept in the file."""
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _to_frozen(trial: Trial) -> FrozenTrial:
    outcome, decision = trial.outcome, trial.decision
    complete = outcome is not None and outcome.ending is Ending.COMPLETE
    attributes: dict[str, Any] = {  # few of them: the dashboard shows each as a line
        "candidate": {
            "key": trial.key,
            "generation": trial.generation,
            "parents": list(trial.parents),
            "genotype": trial.genotype.to_dict(),
        },
        "features": {
            "version": FEATURES_VERSION,
            "n_weights": trial.n_weights,
            "n_drawn": trial.n_drawn,
            "n_parameters": trial.n_parameters,
            "density": trial.density,
            "values": list(trial.features),
        },
        "gate": asdict(decision),
    }
    if outcome is not None:
        attributes["outcome"] = {
            "ending": str(outcome.ending),
            "scores": [list(seeds) for seeds in outcome.scores],
            "seconds": outcome.seconds,
            "reason": outcome.reason,
        }
    frozen = create_trial(
        state=TrialState.PRUNED if outcome is None else _STATES[outcome.ending],
        values=[outcome.score, float(trial.n_weights)] if outcome is not None and complete else None,
        params=(parameters := _parameters(trial.genotype)),
        distributions={name: _PARAMETERS[name] for name in parameters},
        user_attrs=attributes,
        intermediate_values={} if outcome is None else dict(enumerate(outcome.rung_scores, start=1)),
    )
    frozen.datetime_complete = datetime.now()
    frozen.datetime_start = frozen.datetime_complete - timedelta(seconds=0.0 if outcome is None else outcome.seconds)
    return frozen


def _from_frozen(frozen: FrozenTrial) -> Trial:
    attributes = frozen.user_attrs
    candidate, features, outcome = attributes["candidate"], attributes["features"], attributes.get("outcome")
    return Trial(
        number=frozen.number,
        key=candidate["key"],
        genotype=genotype_from_dict(candidate["genotype"]),
        generation=candidate["generation"],
        parents=tuple(candidate["parents"]),
        n_weights=features["n_weights"],
        n_drawn=features["n_drawn"],
        n_parameters=features["n_parameters"],
        density=features["density"],
        features=tuple(features["values"]),
        decision=Decision(**attributes["gate"]),
        outcome=None
        if outcome is None
        else Outcome(
            ending=Ending(outcome["ending"]),
            n_weights=features["n_weights"],
            scores=tuple(tuple(seeds) for seeds in outcome["scores"]),
            seconds=outcome["seconds"],
            reason=outcome["reason"],
        ),
    )


def _parameters(genotype: AnyGenotype) -> dict[str, Any]:
    """The genes by which the dashboard compares trials; the prior is that of the largest segment.

    All genes are in the attribute "candidate".
    """
    largest = max(genotype.segments, key=lambda segment: segment.size)
    own: dict[str, Any]
    if isinstance(genotype, Genotype):
        own = {
            "activation": genotype.activation,
            "input_choice": genotype.input_choice,
            "sparse_training": genotype.sparse_training.method,
            "further_prunings": len(genotype.sparse_training.further),
        }
    else:
        own = {name: getattr(genotype, name) for name in _RECURRENT_GENES}
    return own | {
        "prior": largest.prior,
        "neurons": sum(segment.size for segment in genotype.segments),
        "inputs_per_neuron": genotype.inputs_per_neuron,
        "learning_rate": genotype.learning_rate,
        "dropout": genotype.dropout,
        "label_smoothing": genotype.label_smoothing,
    }
