"""Whole runs: what they give does not depend on workers, interruptions or kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import small_runs

import nas.run
from nas.config import load_config
from nas.data import Dataset
from nas.engine.batches import BatchPlan
from nas.engine.networks import first_state, network_of
from nas.engine.recipe import Recipe
from nas.errors import ConfigError
from nas.jobs import Job, Leg, Result
from nas.recorder import read_history
from nas.run import start_run
from nas.setup import prepare_data, with_space
from predictors import FEATURE_NAMES
from search_spaces import MLPSpace

REPORT_KEYS = {"format", "task", "score_name", "seconds", "counts", "best", "front", "baselines", "comparison"}
ROW_KEYS = {
    *("trial", "n_weights", "n_parameters", "density", "validation_score", "is_confirmed", "epochs"),
    *("test_score", "test_error"),
}
BASELINE_KEYS = {"name", "test_score", "test_error", "n_weights", "n_parameters", "seconds"}


def seconds_of(run: Path) -> list[float | None]:
    """Training time of each trial: no two trainings take the same."""
    return [t.outcome and t.outcome.seconds for t in read_history(run / "study.db")]


def test_two_workers_find_what_one_finds(finished_run: Path, tmp_path: Path) -> None:
    small_runs.search(tmp_path, "two", search__workers=2)

    assert small_runs.record(tmp_path / "two") == small_runs.record(finished_run)
    assert small_runs.front(tmp_path / "two") == small_runs.front(finished_run)


def test_an_interrupted_search_goes_on_to_the_same_end(finished_run: Path, tmp_path: Path) -> None:
    process = small_runs.start_command(tmp_path, "broken", "--workers", "2")
    run = tmp_path / "broken"
    small_runs.wait_until(lambda: small_runs.n_recorded(run) >= 15, "half of the search")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert f"nas resume {run}" in output
    assert errors == ""
    before = small_runs.record(run)
    assert 15 <= len(before) < small_runs.N_TRIALS
    assert not (run / "report.json").exists()
    assert not (run / "shared").exists()

    seconds = seconds_of(run)
    small_runs.resume(tmp_path, "broken")
    assert small_runs.record(run) == small_runs.record(finished_run)
    assert small_runs.front(run) == small_runs.front(finished_run)
    assert seconds_of(run)[: len(before)] == seconds  # none of them was trained again


def test_a_killed_search_goes_on_to_the_same_end(finished_run: Path, tmp_path: Path) -> None:
    process = small_runs.start_command(tmp_path, "killed", "--workers", "2")
    run = tmp_path / "killed"
    small_runs.wait_until(lambda: small_runs.n_recorded(run) >= 15, "half of the search")
    workers = small_runs.descendants(process.pid)
    process.kill()
    process.communicate()

    assert len(workers) >= 2
    small_runs.wait_until(lambda: not small_runs.living(workers), "the end of the workers", limit_s=15)
    before, seconds = small_runs.record(run), seconds_of(run)
    assert 15 <= len(before) < small_runs.N_TRIALS

    small_runs.resume(tmp_path, "killed")
    assert small_runs.record(run) == small_runs.record(finished_run)
    assert small_runs.front(run) == small_runs.front(finished_run)
    assert seconds_of(run)[: len(before)] == seconds


def test_resuming_a_finished_run_changes_nothing(finished_run: Path) -> None:
    before = {file: file.read_bytes() for file in finished_run.rglob("*") if file.is_file()}
    end = small_runs.resume(finished_run.parent, finished_run.name)

    assert end.report == json.loads((finished_run / "report.json").read_text())
    assert {file: file.read_bytes() for file in finished_run.rglob("*") if file.is_file()} == before


def test_another_seed_gives_another_search(finished_run: Path, tmp_path: Path) -> None:
    small_runs.search(tmp_path, "other", search__seed=1, search__trials=8, training__epochs=3)

    keys = [trial.key for trial in read_history(tmp_path / "other" / "study.db")]
    assert len(keys) == 8
    common = set(keys) & {trial.key for trial in read_history(finished_run / "study.db")}
    assert len(common) <= 4  # dense networks as set by hand have no seed


def test_without_the_predictor_nobody_is_skipped(finished_run: Path, tmp_path: Path) -> None:
    end = small_runs.search(tmp_path, "free", predictor__enabled=False, training__epochs=3)

    history = read_history(tmp_path / "free" / "study.db")
    assert len(history) == small_runs.N_TRIALS
    assert all(trial.decision.train and trial.decision.prediction is None for trial in history)
    assert end.report is not None and end.report["counts"]["skipped"] == 0
    with_predictor = json.loads((finished_run / "report.json").read_text())
    assert with_predictor["counts"]["skipped"] > 0


def test_the_report_has_the_promised_keys(finished_run: Path) -> None:
    report = json.loads((finished_run / "report.json").read_text())

    assert set(report) >= REPORT_KEYS
    assert (report["format"], report["task"], report["score_name"]) == (3, "classification", "accuracy")
    assert set(report["counts"]) == {"trained", "stopped", "skipped", "failed"}
    assert all(set(row) == ROW_KEYS for row in [report["best"], *report["front"]])
    assert all(set(row) == BASELINE_KEYS for row in report["baselines"])
    names = [row["name"] for row in report["baselines"]]
    assert len(names) == 6
    assert names[0] == "always the commonest class"
    assert "(equal weights)" in names[1] and "(100 units a layer)" in names[2]
    assert names[3].startswith("gradually pruned") and names[4].startswith("RigL")
    assert "HistGradientBoosting" in names[5]
    assert set(report["comparison"]) == {"baseline", "difference", "standard_error", "p_value"}
    assert report["comparison"]["baseline"] in names
    assert report["missing"] == []


def test_the_report_agrees_with_the_study(finished_run: Path) -> None:
    report = json.loads((finished_run / "report.json").read_text())
    history = read_history(finished_run / "study.db")

    assert report["counts"]["trained"] == sum(t.outcome is not None and t.outcome.ending == "complete" for t in history)
    assert report["counts"]["stopped"] == sum(t.outcome is not None and t.outcome.ending == "stopped" for t in history)
    for row in report["front"]:
        trial = history[row["trial"]]
        assert trial.number == row["trial"]
        assert trial.outcome is not None
        # Training may leave neurons on no path; they go with their biases.
        assert row["n_weights"] <= trial.n_weights and row["n_parameters"] <= trial.n_parameters
        assert row["is_confirmed"] or row["validation_score"] == trial.outcome.score
        assert row["validation_score"] <= 1.0
        assert 0.0 <= row["test_score"] <= 1.0
    doublings = [row["n_weights"].bit_length() for row in report["front"]]
    scores = [row["validation_score"] for row in report["front"] if row["is_confirmed"]]
    assert doublings == sorted(set(doublings))
    assert scores == sorted(set(scores)) and scores
    assert report["n_folds"] == 5


def test_the_best_has_the_highest_cross_validated_score_of_the_front(finished_run: Path) -> None:
    report = json.loads((finished_run / "report.json").read_text())

    assert report["best"] in report["front"]
    confirmed = [row for row in report["front"] if row["is_confirmed"]]
    assert report["best"]["validation_score"] == max(row["validation_score"] for row in confirmed)


def test_test_rows_are_read_once_and_after_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[int] = []
    read_test = Dataset.read_test

    def watched(dataset: Dataset) -> Any:
        recorded.append(small_runs.n_recorded(tmp_path / "watched"))
        return read_test(dataset)

    monkeypatch.setattr(Dataset, "read_test", watched)
    small_runs.search(tmp_path, "watched", search__trials=16, training__epochs=3)

    assert recorded == [small_runs.n_recorded(tmp_path / "watched")]
    assert recorded[0] >= 16


def test_the_smallest_budget_gives_a_result(tmp_path: Path) -> None:
    start = time.monotonic()
    config = load_config(None, {"data.source": "wine", "search.budget": "10s"})
    report = start_run(config, tmp_path, "short", small_runs.silent(), start).report

    assert report is not None
    assert report["best"] in report["front"]
    assert report["best"]["test_score"] is not None
    assert report["counts"]["trained"] >= 1
    assert report["seconds"] <= time.monotonic() - start


def test_a_run_leaves_no_process_and_no_shared_rows(finished_run: Path) -> None:
    assert small_runs.living(small_runs.workers_here()) == []
    assert not (finished_run / "shared").exists()


def test_an_interruption_while_the_speed_is_measured_leaves_no_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = nas.run._measure_speed

    def interrupted(*arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return measure(*arguments)

    monkeypatch.setattr(nas.run, "_measure_speed", interrupted)
    config = load_config(None, {"data.source": "wine", "search.budget": "30s"})
    end = nas.run.start_run(config, tmp_path, "r", small_runs.silent(), time.monotonic())
    assert end.report is None and end.signal == signal.SIGINT
    assert not end.directory.plan.exists()


class SlowWorkers:
    """Trains one step only when it is given two seconds for it."""

    def __init__(self) -> None:
        self.allowed_s: list[float] = []

    def train(self, jobs: Sequence[Job], leg: Leg) -> Iterator[Result]:
        assert leg.deadline is not None
        self.allowed_s.append(round(leg.deadline - time.monotonic(), 1))
        (job,) = jobs
        state = first_state(network_of(job.wiring, job.activation), job.weight_seeds)
        yield Result(job.key, replace(state, steps_done=int(self.allowed_s[-1] / 2)), (), self.allowed_s[-1])


def test_on_a_busy_machine_the_speed_is_measured_for_longer() -> None:
    workers, recipe = SlowWorkers(), Recipe("classification", BatchPlan(96, 16, (5,)), 90)
    speed = nas.run._measure_speed(MLPSpace(6, 3, 300), workers, recipe, 0, lambda: False)  # type: ignore[arg-type]
    assert workers.allowed_s == pytest.approx([0.15, 0.3, 0.6, 1.2, 2.4, 2.4], abs=0.1)
    assert speed is not None and speed.seconds > 0
    assert nas.run._measure_speed(MLPSpace(6, 3, 300), workers, recipe, 0, lambda: True) is None  # type: ignore[arg-type]


def test_a_run_starts_from_a_predictor_file(finished_run: Path, tmp_path: Path) -> None:
    file = tmp_path / "wine.json"
    train = [sys.executable, "-m", "predictors.train", "train", str(finished_run), "-o", str(file)]
    done = subprocess.run([*train, "--regressor", "bayesian-ridge"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    small_runs.search(tmp_path, "warm", predictor__file=str(file), search__trials=16, training__epochs=3)
    assert (tmp_path / "warm" / "predictor.json").read_bytes() == file.read_bytes()
    with pytest.raises(ConfigError, match="does not know 4 of"):  # it learned without them
        small_runs.search(tmp_path, "scored", predictor__file=str(file), predictor__training_free=True)
    file.write_text(file.read_text().replace("bayesian-ridge", "bayesian-ridgf", 1))
    with pytest.raises(ConfigError, match="checksum"):
        small_runs.search(tmp_path, "changed", predictor__file=str(file), search__trials=16)
    assert not (tmp_path / "changed").exists() and not (tmp_path / "scored").exists()


def test_training_free_scores_are_recorded_with_the_features(tmp_path: Path) -> None:
    end = small_runs.search(
        tmp_path, "scored", search__trials=8, training__epochs=3, predictor__training_free=True, search__workers=1
    )
    assert {len(trial.features) for trial in read_history(end.directory.study)} == {len(FEATURE_NAMES) + 4}
    with pytest.raises(ConfigError, match="Recurrent networks"):
        prepare_data(with_space(load_config(None, {"data.source": "reber", "predictor.training_free": True})))
