"""What a search records: seen through the study and the files of real, small runs."""

from __future__ import annotations

import csv
import json
import math
import signal
from collections import Counter
from pathlib import Path

import pytest
import small_runs

from nas.checkpoint import load_checkpoint
from nas.evolution import IN_FLIGHT
from nas.generation import is_pruned_further
from nas.outcome import Ending
from nas.recorder import Trial, read_history
from predictors.gate import AUDIT, EXPLORATION, PREDICTED, SKIPPED, UNKNOWN_FAMILY, WARM_UP

POPULATION = 8
GENERATION = POPULATION // IN_FLIGHT
FIRST_PREDICTED = 4  # ten outcomes, of three generations, are known when the fifth is proposed


@pytest.fixture(scope="module")
def history(finished_run: Path) -> list[Trial]:
    return read_history(finished_run / "study.db")


@pytest.fixture(scope="module")
def skipped(finished_run: Path) -> list[dict[str, str]]:
    with open(finished_run / "skipped.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def n_generations(history: list[Trial]) -> int:
    return 1 + max(trial.generation for trial in history)


def test_as_many_candidates_are_trained_as_asked_for(history: list[Trial]) -> None:
    assert sum(trial.outcome is not None for trial in history) == small_runs.N_TRIALS


def test_trials_are_numbered_without_a_gap(history: list[Trial]) -> None:
    assert [trial.number for trial in history] == list(range(len(history)))


def test_no_genotype_is_trained_twice(history: list[Trial]) -> None:
    keys = [trial.key for trial in history if trial.outcome is not None]
    assert len(set(keys)) == len(keys)


def test_parents_were_trained_in_an_earlier_generation(history: list[Trial]) -> None:
    generation_of = {trial.key: trial.generation for trial in history if trial.outcome is not None}
    assert any(trial.parents for trial in history)
    for trial in history:
        assert all(generation_of[parent] < trial.generation for parent in trial.parents)


def test_each_generation_ends_by_rungs(history: list[Trial]) -> None:
    for generation in range(n_generations(history)):
        trained = [t for t in history if t.generation == generation and t.outcome is not None]
        n_pruned_further = sum(is_pruned_further(trial.genotype) for trial in trained)  # no rung stops these
        outcomes = [t.outcome for t in trained if not is_pruned_further(t.genotype)]
        assert sum(t.outcome.ending is Ending.COMPLETE for t in trained) >= n_pruned_further
        n_second, n_last = math.ceil(len(outcomes) / 3), math.ceil(math.ceil(len(outcomes) / 3) / 2)
        reached = [1] * (len(outcomes) - n_second) + [2] * (n_second - n_last) + [3] * n_last
        assert sorted(len(outcome.scores) for outcome in outcomes) == reached
        for outcome in outcomes:
            assert (outcome.ending is Ending.COMPLETE) == (len(outcome.scores) == 3)
            assert bool(outcome.reason) == (outcome.ending is Ending.STOPPED)


def test_every_generation_after_the_warm_up_looks_at_four_times_as_many_as_it_may_train(
    history: list[Trial], skipped: list[dict[str, str]]
) -> None:
    n_left = small_runs.N_TRIALS
    for generation in range(n_generations(history)):
        n_trained = sum(t.generation == generation and t.outcome is not None for t in history)
        n_skipped = sum(int(row["generation"]) == generation for row in skipped)
        may_train = min(GENERATION, n_left)
        assert n_trained + n_skipped == (may_train if generation < FIRST_PREDICTED else 4 * may_train)
        assert may_train / 2 <= n_trained <= may_train
        n_left -= n_trained
    assert n_left == 0


def test_every_skip_has_its_prediction_threshold_and_reason(skipped: list[dict[str, str]]) -> None:
    of_known_families = [row for row in skipped if not row["reason"].startswith("unknown family ")]
    assert len(of_known_families) > len(skipped) / 2
    for row in of_known_families:
        assert float(row["prediction"]) <= float(row["threshold"])
        assert float(row["spread"]) >= 0.0
        assert row["reason"].startswith("predicted ")
    assert all(int(row["n_weights"]) > 0 and row["kind"] == SKIPPED for row in skipped)
    assert len({row["key"] for row in skipped}) > 1


def test_some_of_the_skipped_are_trials_with_a_decision_and_no_outcome(
    history: list[Trial], skipped: list[dict[str, str]]
) -> None:
    recorded = [trial for trial in history if not trial.decision.train]
    listed = {(int(row["generation"]), row["key"]) for row in skipped}

    assert 0 < len(recorded) < len(skipped)
    for trial in recorded:
        assert trial.outcome is None
        assert trial.decision.reason and trial.decision.kind == SKIPPED
        assert (trial.generation, trial.key) in listed


def test_after_the_warm_up_trained_candidates_were_predicted_or_drawn(history: list[Trial]) -> None:
    kinds = Counter(t.decision.kind for t in history if t.outcome is not None and t.generation >= FIRST_PREDICTED)
    assert set(kinds) <= {PREDICTED, EXPLORATION, AUDIT, UNKNOWN_FAMILY}
    assert kinds[PREDICTED] > 0 and kinds[EXPLORATION] > 0
    for trial in history:
        if trial.outcome is not None:
            assert (trial.decision.kind == WARM_UP) == (trial.generation < FIRST_PREDICTED)
            assert (trial.decision.prediction is None) == (trial.decision.kind in (WARM_UP, UNKNOWN_FAMILY))


def test_report_counts_all_that_were_skipped(finished_run: Path, skipped: list[dict[str, str]]) -> None:
    assert json.loads((finished_run / "report.json").read_text())["counts"]["skipped"] == len(skipped)


def test_the_checkpoint_stands_after_the_last_generation(finished_run: Path, history: list[Trial]) -> None:
    state = load_checkpoint(finished_run / "checkpoint.json")
    assert state is not None
    assert state["evolution"]["generation"] == n_generations(history)
    assert set(state["evolution"]["seen"]) == {trial.key for trial in history if trial.outcome is not None}
    assert not (finished_run / "standings.safetensors").exists()


def test_the_last_generation_is_only_as_large_as_the_trials_allow(tmp_path: Path) -> None:
    small_runs.search(tmp_path, "odd", search__trials=11, training__epochs=1)

    generations = [trial.generation for trial in read_history(tmp_path / "odd" / "study.db")]
    assert [generations.count(number) for number in range(3)] == [4, 4, 3]


@pytest.mark.slow
def test_lines_of_a_cut_off_generation_are_dropped_from_the_list_of_skipped(finished_run: Path, tmp_path: Path) -> None:
    process = small_runs.start_command(tmp_path, "cut", "--workers", "2")
    run = tmp_path / "cut"
    small_runs.wait_until(lambda: small_runs.n_recorded(run) >= 30, "the fourth generation")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert len(small_runs.record(run)) < len(small_runs.record(finished_run))
    with open(run / "skipped.csv", "a", encoding="utf-8") as file:
        file.write("3,half a li")  # as a kill would leave it

    small_runs.resume(tmp_path, "cut")
    assert (run / "skipped.csv").read_bytes() == (finished_run / "skipped.csv").read_bytes()
    assert small_runs.record(run) == small_runs.record(finished_run)


@pytest.mark.slow
def test_damaged_training_states_cost_time_only(finished_run: Path, tmp_path: Path) -> None:
    process = small_runs.start_command(tmp_path, "bad", "--workers", "1")
    run = tmp_path / "bad"
    small_runs.wait_until(lambda: small_runs.n_recorded(run) >= 5, "the second rung")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    states = run / "standings.safetensors"
    assert states.exists() or small_runs.n_recorded(run) % POPULATION == 0
    if states.exists():
        content = bytearray(states.read_bytes())
        content[len(content) // 2] ^= 1
        states.write_bytes(content)

    small_runs.resume(tmp_path, "bad")
    assert small_runs.record(run) == small_runs.record(finished_run)
    assert not states.exists()
