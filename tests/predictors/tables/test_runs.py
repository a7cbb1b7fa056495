from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from nas.outcome import Ending
from nas.recorder import read_history
from predictors.errors import PredictorError
from predictors.features import feature_names
from predictors.labels import final_score_estimates
from predictors.tables.runs import EARLY_NAME, _Trained, find_run, read_runs


def copied(run: Path, folder: Path) -> Path:
    """A copy that may be changed."""
    folder.mkdir()
    shutil.copy(run / "study.db", folder)
    return folder


def changed(run: Path, folder: Path, *statements: str) -> Path:
    copy = copied(run, folder)
    connection = sqlite3.connect(copy / "study.db")
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return copy


def test_examples_are_the_trained_of_the_record(finished_run: Path) -> None:
    before = (finished_run / "study.db").read_bytes()
    examples, recipe = read_runs([finished_run])
    trained = [
        (trial, trial.outcome)
        for trial in read_history(finished_run / "study.db")
        if trial.outcome is not None and trial.outcome.ending is not Ending.FAILED
    ]
    scores = [outcome.rung_scores for _, outcome in trained]
    assert examples.rows.tolist() == [list(trial.features) for trial, _ in trained]
    assert np.allclose(examples.targets, final_score_estimates(scores, max(map(len, scores))))
    assert examples.names == recipe.columns == feature_names(trained[0][0].genotype.space)
    assert len(set(examples.groups.tolist())) == len({trial.key for trial, _ in trained})
    assert "n_weights" in examples.size_names
    assert (finished_run / "study.db").read_bytes() == before


def test_runs_are_pooled_and_equal_candidates_stay_together(finished_run: Path, tmp_path: Path) -> None:
    one, _ = read_runs([finished_run])
    both, _ = read_runs([finished_run, copied(finished_run, tmp_path / "copy")])
    assert len(both) == 2 * len(one)
    assert np.array_equal(both.groups, np.tile(one.groups, 2))


def test_a_run_is_found_by_path_and_by_name(
    finished_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_run(str(finished_run)) == finished_run
    assert find_run(str(tmp_path)) is None
    (tmp_path / "runs").mkdir()
    copied(finished_run, tmp_path / "runs" / "mine")
    monkeypatch.chdir(tmp_path)
    assert find_run("mine") == Path("runs/mine")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM trial_user_attributes WHERE key = 'outcome'", "has trained nothing"),
        ("DROP TABLE trial_user_attributes", "no such table"),
        ("UPDATE trial_user_attributes SET value_json = '7' WHERE key = 'candidate'", "not a record"),
        (
            "UPDATE trial_user_attributes SET value_json = replace(value_json, '\"values\": [', '\"values\": [0.0, ') "
            "WHERE key = 'features'",
            "and this version has",
        ),
        (
            "UPDATE trial_user_attributes SET value_json = replace(value_json, '\"version\": ', '\"version\": 99') "
            "WHERE key = 'features'",
            "features of version 99",
        ),
    ],
)
def test_records_that_cannot_be_read_are_refused(finished_run: Path, tmp_path: Path, statement: str, said: str) -> None:
    broken = changed(finished_run, tmp_path / "broken", statement)
    with pytest.raises(PredictorError, match=said):
        read_runs([broken])


def test_seeds_of_stopped_candidates_differ_as_when_they_were_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    values = (1.0,) * len(feature_names("mlp"))
    whole, stopped = ((0.5, 0.7), (0.7, 0.9)), ((0.3, 0.5),)  # of two seeds at each rung
    run = [_Trained(key, "mlp", "layered", values, scores) for key, scores in (("a", whole), ("b", stopped))]
    monkeypatch.setattr("predictors.tables.runs._read_run", lambda _: run)
    examples, _ = read_runs([Path("any")])
    assert examples.targets == pytest.approx([0.8, 0.6])
    assert examples.repeats == pytest.approx(np.array([[0.7, 0.9], [0.5, 0.7]]))


def test_runs_of_two_spaces_are_refused(finished_run: Path, tmp_path: Path) -> None:
    statement = "UPDATE trial_user_attributes SET value_json = replace(value_json, '\"mlp\"', '\"rnn\"')"
    other = changed(finished_run, tmp_path / "other", statement)
    with pytest.raises(PredictorError, match="give runs of one space"):
        read_runs([finished_run, other])


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_text("hello" * 300)
    with pytest.raises(PredictorError, match="cannot be read"):
        read_runs([tmp_path])


def test_early_evidence_is_the_score_at_the_first_rung(finished_run: Path) -> None:
    plain, _ = read_runs([finished_run])
    early, recipe = read_runs([finished_run], early_evidence=True)
    assert early.names == recipe.columns == (*plain.names, EARLY_NAME)
    assert (early.rows[:, :-1] == plain.rows).all()
    with closing(sqlite3.connect(finished_run / "study.db")) as connection:
        found = connection.execute("SELECT value_json FROM trial_user_attributes WHERE key = 'outcome'").fetchall()
    first = sorted(float(np.mean(scores[0])) for (text,) in found if (scores := json.loads(text)["scores"]))
    assert sorted(early.rows[:, -1]) == pytest.approx(first)
