from __future__ import annotations

import math
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from candidates import complete, genotypes, sampled, trial
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import FrozenTrial, TrialState

from nas.errors import CheckpointError, RunFailed
from nas.outcome import Ending, Outcome
from nas.recorder import STUDY_NAME, Recorder, Trial, read_history
from predictors import FEATURES_VERSION, Decision
from predictors.gate import KINDS
from search_spaces import AnyGenotype, RecurrentGenotype, RNNSpace
from search_spaces.genotype import MAX_NEURONS

RNN = RNNSpace(n_inputs=5, n_outputs=3, max_weights=600)
SKIPPED = Decision(False, "predicted 0.5000, needs 0.7500 at 10 weights", 0.5, 0.125, 0.75, "skipped", 0.25, 0.5)
STOPPED = Outcome(Ending.STOPPED, 10, ((0.5, 0.25),), 1.5, "not among the best 2 of 6 at rung 1")
FAILED = Outcome(Ending.FAILED, 10, ((0.5, 0.25),), 1.5, "diverged: the loss was nan before step 40")
FAILED_AT_ONCE = Outcome(Ending.FAILED, 10, (), 0.0, "the worker was killed by signal 9, twice")


@contextmanager
def recorder_at(path: Path) -> Iterator[Recorder]:
    recorder = Recorder(path, "accuracy")
    try:
        yield recorder
    finally:
        recorder.close()


def add(recorder: Recorder, trial: Trial) -> Trial:
    return recorder.add(
        trial.genotype,
        trial.key,
        trial.generation,
        trial.parents,
        trial.n_weights,
        trial.n_drawn,
        trial.n_parameters,
        trial.density,
        trial.features,
        trial.decision,
        trial.outcome,
    )


def rows(trials: list[Trial]) -> list[dict[str, Any]]:
    """Trials as values; they compare by identity."""
    return [{field.name: getattr(trial, field.name) for field in fields(trial)} for trial in trials]


def in_optuna(path: Path) -> list[FrozenTrial]:
    """The trials as Optuna itself and its dashboard read them."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    study = optuna.load_study(study_name=STUDY_NAME, storage=storage)
    assert study.directions == [optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE]
    trials = study.get_trials()
    storage.remove_session()
    storage.engine.dispose()
    return trials


finite = st.floats(allow_nan=False, allow_infinity=False)
scores = st.integers(1, 3).flatmap(
    lambda n_seeds: st.lists(
        st.lists(st.floats(-1e6, 1), min_size=n_seeds, max_size=n_seeds).map(tuple), min_size=1, max_size=3
    ).map(tuple)
)


def sampled_recurrent(seed: int, n_changes: int = 0) -> RecurrentGenotype:
    """A recurrent genotype, mutated some times."""
    rng = np.random.default_rng(seed)
    genotype = RNN.sample(rng)
    for _ in range(n_changes):
        genotype = RNN.mutate(genotype, rng)
    return genotype


any_genotypes = genotypes | st.builds(sampled_recurrent, st.integers(0, 2**32), st.integers(0, 9))
numbers = [st.none() | finite] * 3
decisions = st.builds(
    Decision, st.booleans(), st.text(max_size=20), *numbers, st.sampled_from(KINDS), *[st.none() | finite] * 2
)


@st.composite
def trials(draw: st.DrawFn, genotype: AnyGenotype) -> Trial:
    n_weights = draw(st.integers(1, 10**7))
    ending = draw(st.sampled_from([None, *Ending]))
    outcome = None
    if ending is not None:
        reached = draw(scores if ending is not Ending.FAILED else scores | st.just(()))
        outcome = Outcome(ending, n_weights, reached, draw(st.floats(0, 1e6)), draw(st.text(max_size=20)))
    return Trial(
        number=0,
        key=genotype.key(),
        genotype=genotype,
        generation=draw(st.integers(0, 1000)),
        parents=tuple(draw(st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=2))),
        n_weights=n_weights,
        n_drawn=n_weights + draw(st.integers(0, 1000)),
        n_parameters=n_weights + draw(st.integers(0, 1000)),
        density=draw(st.floats(0, 1)),
        features=tuple(draw(st.lists(finite, max_size=30))),
        decision=draw(decisions),
        outcome=outcome,
    )


@settings(deadline=None, max_examples=10)
@given(st.lists(any_genotypes, min_size=1, max_size=4, unique=True).flatmap(lambda g: st.tuples(*map(trials, g))))
def test_trials_come_back_equal(tmp_path_factory: pytest.TempPathFactory, given: tuple[Trial, ...]) -> None:
    path = tmp_path_factory.mktemp("run") / "study.db"
    with recorder_at(path) as recorder:
        added = [add(recorder, trial) for trial in given]
        assert [t.number for t in added] == list(range(len(given)))
        assert recorder.history == added
        recorder.flush()
        assert rows(read_history(path)) == rows(added)
    with recorder_at(path) as recorder:
        assert rows(recorder.history) == rows(added)
        for before, trial in zip(added, given, strict=True):
            assert rows([before]) == rows([replace(trial, number=before.number)])


@pytest.mark.parametrize(
    ("outcome", "state", "values", "intermediate"),
    [
        (complete(10, 0.25, 0.5, 0.75), TrialState.COMPLETE, [0.75, 10.0], {1: 0.25, 2: 0.5, 3: 0.75}),
        (STOPPED, TrialState.PRUNED, None, {1: 0.375}),
        (FAILED, TrialState.FAIL, None, {1: 0.375}),
        (FAILED_AT_ONCE, TrialState.FAIL, None, {}),
        (None, TrialState.PRUNED, None, {}),
    ],
)
def test_the_dashboard_sees_states_objectives_and_the_score_of_each_rung(
    tmp_path: Path, outcome: Outcome | None, state: TrialState, values: list[float] | None, intermediate: dict
) -> None:
    path = tmp_path / "study.db"
    with recorder_at(path) as recorder:
        add(recorder, trial(3, outcome))
    (frozen,) = in_optuna(path)
    assert (frozen.state, frozen.values, frozen.intermediate_values) == (state, values, intermediate)
    assert frozen.datetime_start is not None and frozen.datetime_complete is not None
    assert not any(isinstance(v, float) and math.isnan(v) for v in (frozen.values or []))


def test_the_dashboard_sees_genes_features_parents_and_why_one_was_skipped(tmp_path: Path) -> None:
    path, skipped = tmp_path / "study.db", trial(3, None)
    genotype = skipped.genotype
    with recorder_at(path) as recorder:
        recorder.add(genotype, skipped.key, 4, ("ab", "cd"), 10, 20, 12, 0.25, skipped.features, SKIPPED, None)
    (frozen,) = in_optuna(path)
    assert frozen.params["activation"] == genotype.activation
    assert frozen.params["learning_rate"] == genotype.learning_rate
    assert frozen.params["sparse_training"] == genotype.sparse_training.method
    assert frozen.params["further_prunings"] == len(genotype.sparse_training.further)
    assert frozen.params["prior"] == genotype.segments[0].prior
    assert frozen.params["neurons"] == genotype.segments[0].size
    candidate = frozen.user_attrs["candidate"]
    assert (candidate["parents"], candidate["generation"]) == (["ab", "cd"], 4)
    assert candidate["genotype"] == genotype.to_dict()
    assert frozen.user_attrs["features"] == {
        "version": FEATURES_VERSION,
        "n_weights": 10,
        "n_drawn": 20,
        "n_parameters": 12,
        "density": 0.25,
        "values": list(skipped.features),
    }
    assert frozen.user_attrs["gate"] == {
        "train": False,
        "prediction": 0.5,
        "spread": 0.125,
        "threshold": 0.75,
        "reason": SKIPPED.reason,
        "kind": "skipped",
        "improvement": 0.25,
        "improvement_needed": 0.5,
    }


def test_objectives_are_named_for_the_dashboard(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with recorder_at(path):
        pass
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    study = optuna.load_study(study_name=STUDY_NAME, storage=storage)
    assert study.metric_names == ["accuracy", "n_weights"]
    storage.remove_session()
    storage.engine.dispose()


def test_a_candidate_added_twice_in_a_generation_is_one_trial_and_in_another_a_second(tmp_path: Path) -> None:
    path, first = tmp_path / "study.db", trial(3, STOPPED)
    with recorder_at(path) as recorder:
        add(recorder, trial(1, None))
        added = add(recorder, first)
        later = trial(3, complete(10, 0.5, 0.5, 0.5))
        assert add(recorder, later) is added
        recorder.flush()
        assert len(read_history(path)) == 2
    with recorder_at(path) as recorder:
        assert rows([add(recorder, later)]) == rows([added])
        other = trial(3, complete(10, 0.5, 0.5, 0.5), generation=1)
        assert add(recorder, other).number == 2
        recorder.flush()
        assert [t.generation for t in read_history(path)] == [0, 0, 1]


def test_trials_are_numbered_on_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    for number in range(3):
        with recorder_at(path) as recorder:
            assert [t.number for t in recorder.history] == list(range(number))
            assert add(recorder, trial(number, STOPPED)).number == number
    assert [t.number for t in in_optuna(path)] == [0, 1, 2]


def test_closing_writes_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with recorder_at(path) as recorder:
        for number in range(12):
            add(recorder, trial(number, STOPPED))
    assert len(read_history(path)) == 12
    assert not [thread for thread in threading.enumerate() if thread.name == "recorder"]


def test_the_history_is_read_while_another_connection_is_writing(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with recorder_at(path) as recorder:
        add(recorder, trial(0, STOPPED))
        recorder.flush()
        with closing(sqlite3.connect(path)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("DELETE FROM trials")
            assert len(read_history(path)) == 1
            writer.rollback()


def test_a_reader_that_takes_its_time_does_not_hold_up_the_search(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    with recorder_at(path) as recorder, closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM trials").fetchone() == (0,)
        add(recorder, trial(0, STOPPED))
        recorder.flush()
        assert reader.execute("SELECT count(*) FROM trials").fetchone() == (0,)
        assert len(read_history(path)) == 1


def test_reading_the_history_needs_no_write_and_makes_no_study(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none.db is not a study this version can open"):
        read_history(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"not a database, not at all" * 50, b"SQLite format 3\x00" + b"\x00" * 500])
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "study.db"
    path.write_bytes(content)
    for read in (read_history, lambda path: Recorder(path, "accuracy")):
        with pytest.raises(CheckpointError, match=r"study.db is not a study this version can open"):
            read(path)


def test_a_study_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is not a study this version can open"):
        Recorder(tmp_path / "none" / "study.db", "accuracy")


def test_a_trial_that_cannot_be_written_is_told_by_flush_and_no_later_one_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "study.db"
    with recorder_at(path) as recorder:
        add(recorder, trial(0, STOPPED))
        recorder.flush()

        def full(*_: Any, **__: Any) -> None:
            raise OSError("database or disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(recorder, "_insert", full)
            add(recorder, trial(1, STOPPED))
            with pytest.raises(RunFailed, match=r"study cannot be written: database or disk is full. Make room"):
                recorder.flush()
        add(recorder, trial(2, STOPPED))  # its number would not be that of the study
        with pytest.raises(RunFailed, match=r"disk is full"):
            recorder.flush()
    assert [t.number for t in read_history(path)] == [0]


def test_no_nan_is_ever_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    outcomes = (complete(10, 0.25, 0.5, 0.75), STOPPED, FAILED, FAILED_AT_ONCE, None)
    with recorder_at(path) as recorder:
        for number, outcome in enumerate(outcomes):
            add(recorder, replace(trial(number, outcome), decision=SKIPPED))
    with closing(sqlite3.connect(path)) as connection:
        lines = [line for line in connection.iterdump() if line.startswith("INSERT")]
    assert len(lines) > 50
    assert [line for line in lines if re.search(r"NaN|Infinity|'INF_", line)] == []


def test_a_segment_joined_from_two_shows_the_prior_of_the_larger(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    genotype = next(g for g in (sampled(s, 6) for s in range(200)) if len({x.prior for x in g.segments}) > 1)
    with recorder_at(path) as recorder:
        recorder.add(genotype, genotype.key(), 0, (), 10, 10, 12, 0.5, [], Decision(True, "drawn"), STOPPED)
    (frozen,) = in_optuna(path)
    assert frozen.params["prior"] == max(genotype.segments, key=lambda segment: segment.size).prior
    assert frozen.params["neurons"] == sum(segment.size for segment in genotype.segments)


def test_the_dashboard_sees_the_genes_of_recurrent_networks(tmp_path: Path) -> None:
    path, kinds = tmp_path / "study.db", [sampled_recurrent(seed, seed % 4) for seed in range(12)]
    with recorder_at(path) as recorder:
        for genotype in kinds:
            recorder.add(genotype, genotype.key(), 0, (), 10, 10, 12, 0.5, [], Decision(True, "drawn"), STOPPED)
    for frozen, genotype in zip(in_optuna(path), kinds, strict=True):
        genes = (
            *("reading", "cell", "embedding", "window", "stride", "differences", "bidirectional", "pooling"),
            *("inputs_per_neuron", "learning_rate", "dropout", "label_smoothing"),
        )
        assert frozen.params.keys() == {*genes, "prior", "neurons"}
        for gene in genes:
            assert frozen.params[gene] == getattr(genotype, gene)
        assert frozen.params["neurons"] == sum(segment.size for segment in genotype.segments)
    assert len({(genotype.reading, genotype.cell) for genotype in kinds}) > 4


@pytest.mark.parametrize("genes", [{"embedding": 0}, {"embedding": MAX_NEURONS}, {"max_depth": MAX_NEURONS}])
def test_genes_at_the_ends_of_their_ranges_are_recorded(tmp_path: Path, genes: dict[str, int]) -> None:
    path, genotype = tmp_path / "study.db", replace(sampled_recurrent(0), **genes)
    with recorder_at(path) as recorder:
        recorder.add(genotype, genotype.key(), 0, (), 10, 10, 12, 0.5, [], Decision(True, "drawn"), STOPPED)
        recorder.flush()
    (frozen,) = in_optuna(path)
    assert all(frozen.params[name] == value for name, value in genes.items() if name in frozen.params)
    assert read_history(path)[0].genotype == genotype
