from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import optuna
import pytest
from candidates import complete, trial

from nas.outcome import Ending, Outcome
from nas.recorder import STUDY_NAME, Recorder, _to_frozen, read_history
from nas.study_rows import has_known_tables, insert_trials

OUTCOMES = (
    complete(10, 0.25, 0.5, 0.75),
    Outcome(Ending.STOPPED, 10, ((0.5, 0.25),), 1.5, "not among the best 2 of 6 at rung 1"),
    Outcome(Ending.FAILED, 10, (), 0.0, "the worker was killed by signal 9, twice"),
    None,
)


@pytest.fixture(name="frozen")
def frozen_trials() -> list[optuna.trial.FrozenTrial]:
    return [_to_frozen(trial(number, outcome)) for number, outcome in enumerate(OUTCOMES)]


@pytest.fixture(name="path")
def empty_study(tmp_path: Path) -> Path:
    path = tmp_path / "study.db"
    Recorder(path, "accuracy").close()
    return path


def optunas_study(path: Path) -> optuna.Study:
    return optuna.load_study(study_name=STUDY_NAME, storage=f"sqlite:///{path}")


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


@pytest.fixture(name="connection")
def connection_to(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as connection:
        yield connection


def test_the_rows_are_those_that_optuna_writes(
    tmp_path: Path, path: Path, connection: sqlite3.Connection, frozen: list[optuna.trial.FrozenTrial]
) -> None:
    insert_trials(connection, STUDY_NAME, frozen[:2])
    insert_trials(connection, STUDY_NAME, frozen[2:])
    Recorder(tmp_path / "by_optuna.db", "accuracy").close()
    optunas_study(tmp_path / "by_optuna.db").add_trials(frozen)
    assert tables(path) == tables(tmp_path / "by_optuna.db")


def test_trials_come_after_those_of_optuna_and_before_more_of_them(
    path: Path, connection: sqlite3.Connection, frozen: list[optuna.trial.FrozenTrial]
) -> None:
    study = optunas_study(path)
    study.add_trial(frozen[0])
    insert_trials(connection, STUDY_NAME, frozen[1:3])
    study.add_trial(frozen[3])
    assert [t.number for t in study.get_trials()] == [0, 1, 2, 3]
    assert [t.user_attrs for t in study.get_trials()] == [t.user_attrs for t in frozen]


def test_all_or_none_are_written(
    path: Path, connection: sqlite3.Connection, frozen: list[optuna.trial.FrozenTrial]
) -> None:
    before = tables(path)
    frozen[1].user_attrs["no JSON"] = datetime.now()
    with pytest.raises(TypeError, match="JSON"):
        insert_trials(connection, STUDY_NAME, frozen)
    assert tables(path) == before


def test_unknown_tables_are_left_to_optuna(path: Path, connection: sqlite3.Connection) -> None:
    assert has_known_tables(connection)
    with connection:
        connection.execute("UPDATE version_info SET schema_version = 11")
    assert not has_known_tables(connection)


def test_a_study_with_unknown_tables_is_recorded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nas.recorder.has_known_tables", lambda connection: False)
    recorder = Recorder(path, "accuracy")
    one = trial(0, OUTCOMES[0])
    recorder.add(
        one.genotype, one.key, 0, one.parents, one.n_weights, one.n_drawn, one.n_parameters, one.density, one.features,
        one.decision, one.outcome,
    )  # fmt: skip
    recorder.close()
    assert [t.key for t in read_history(path)] == [one.key]
