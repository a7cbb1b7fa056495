from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from candidates import complete, trial
from final_parts import FakeWorkers, trained_trials
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.budget import batch_plan
from nas.data import Dataset, SequenceDataset, prepare, prepare_sequences
from nas.engine.recipe import Recipe
from nas.generation import weight_seeds
from nas.inputs import engine_rows
from nas.jobs import Job, Leg
from nas.recorder import Trial
from nas.results import cross_validation
from nas.results.cross_validation import (
    affordable_candidates,
    closest_choices,
    cross_validate,
    weight_seed,
    write_folds,
)
from nas.results.front import known_of
from nas.seeding import Stream
from search_spaces import MLPSpace


@pytest.fixture(scope="module")
def wine() -> Dataset:
    dataset = prepare("wine", seed=0)
    assert isinstance(dataset, Dataset)
    return dataset


@pytest.fixture
def strings(tmp_path: Path) -> SequenceDataset:
    rng = np.random.default_rng(0)
    lines = ["".join(rng.choice(list("ab"), rng.integers(1, 9))) for _ in range(60)]
    file = tmp_path / "strings.csv"
    file.write_text("string,label\n" + "".join(f"{line},{line[0]}\n" for line in lines))
    return prepare_sequences(str(file), seed=0)


def sizes_by_closeness(scores: dict[int, float]) -> list[int]:
    history = [trial(number, complete(size, score)) for number, (size, score) in enumerate(scores.items())]
    return [t.n_weights for t in closest_choices(known_of(history, {}, {}))]


def test_the_best_four_come_first_and_then_the_closest_pairs_of_each_doubling() -> None:
    scores = {
        5000: 0.960, 6000: 0.958, 7000: 0.957, 3000: 0.956, 3500: 0.940,  # four of these are the best
        100: 0.91, 90: 0.89, 80: 0.905,  # .005 apart
        200: 0.92, 190: 0.919,  # .001 apart
        400: 0.93,  # without a choice
    }  # fmt: skip
    assert sizes_by_closeness(scores) == [5000, 6000, 7000, 3000, 200, 190, 100, 80, 3500, 400]


def test_the_choice_is_by_what_is_expected_and_not_by_scores() -> None:
    history = [trial(number, complete(1000 + number, 0.95)) for number in range(3)]
    estimates = {history[0].key: 0.94, history[1].key: 0.96}
    assert [t.number for t in closest_choices(known_of(history, {}, estimates))] == [1, 2, 0]


def test_networks_far_worse_than_the_best_are_not_confirmed() -> None:
    assert sizes_by_closeness({1000: 0.95, 20: 0.5}) == [1000]


def test_no_more_are_confirmed_than_is_worth_it() -> None:
    assert len(sizes_by_closeness({2**number: 0.95 for number in range(20)})) == cross_validation.MAX_CANDIDATES


def test_every_row_is_scored_on_in_exactly_one_fold(wine: Dataset, tmp_path: Path) -> None:
    folds = write_folds(tmp_path, wine, 0, Stream.CROSS_VALIDATION)
    rows = {row.tobytes() for row in wine.numbers().T}
    held_out = []
    for fold in folds:
        stored = fold.rows.open()
        assert fold.n_rows == len(stored.x) == len(wine.y)
        assert fold.n_train >= cross_validation.fold_rows(len(wine.y))
        held_out += [row.tobytes() for row in stored.x[fold.n_train :]]
    assert len(folds) == cross_validation.N_FOLDS
    assert len(held_out) == len(wine.y) and set(held_out) == rows


def test_rows_keep_their_targets(wine: Dataset, tmp_path: Path) -> None:
    target_of = {row.tobytes(): y for row, y in zip(wine.x.T.copy(), wine.y, strict=True)}
    for fold in write_folds(tmp_path, wine, 3, Stream.FOLDS):
        stored = fold.rows.open()
        assert [target_of[row.tobytes()] for row in stored.x] == stored.y.tolist()


def test_sequences_stay_whole(strings: SequenceDataset, tmp_path: Path) -> None:
    def whole(x: np.ndarray, offsets: np.ndarray, y: np.ndarray) -> list[tuple[bytes, float]]:
        parts = np.split(x, offsets[1:-1])
        return sorted((part.tobytes(), float(target)) for part, target in zip(parts, y, strict=True))

    expected = whole(strings.x.T.copy(), strings.offsets, strings.y)
    for fold in write_folds(tmp_path / "folds", strings, 0, Stream.FOLDS):
        stored = fold.rows.open()
        assert stored.offsets is not None
        assert whole(stored.x, stored.offsets, stored.y) == expected
        assert engine_rows(stored).inputs.n_inputs == strings.n_inputs


def test_folds_depend_on_the_seed_alone(wine: Dataset, tmp_path: Path) -> None:
    first, again, other = (write_folds(tmp_path / str(k), wine, seed, Stream.FOLDS) for k, seed in enumerate((1, 1, 2)))
    np.testing.assert_array_equal(first[0].rows.open().y, again[0].rows.open().y)
    assert not np.array_equal(first[0].rows.open().x, other[0].rows.open().x)


def test_only_few_rows_are_confirmed(wine: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cross_validation.is_wanted(wine)
    monkeypatch.setattr(cross_validation, "NOISY_VALIDATION_ROWS", wine.n_validation)
    assert not cross_validation.is_wanted(wine)
    monkeypatch.undo()
    monkeypatch.setattr(cross_validation, "LARGEST_BYTES", wine.x.nbytes - 1)
    assert not cross_validation.is_wanted(wine)


def test_the_folds_and_weights_are_other_ones_than_those_of_the_search(wine: Dataset, tmp_path: Path) -> None:
    of_search = write_folds(tmp_path / "search", wine, 0, Stream.FOLDS)
    anew = write_folds(tmp_path / "anew", wine, 0, Stream.CROSS_VALIDATION)
    for one in of_search:
        held_out = {row.tobytes() for row in one.rows.open().x[one.n_train :]}
        for other in anew:
            assert held_out != {row.tobytes() for row in other.rows.open().x[other.n_train :]}
    key = trial(0, None).key
    seeds = {*weight_seeds(0, key, 5), *(weight_seed(0, key, fold) for fold in range(5))}
    assert len(seeds) == 10


@pytest.fixture
def space(wine: Dataset) -> MLPSpace:
    return MLPSpace(wine.n_inputs, wine.n_outputs, 900)


def validated(
    workers: FakeWorkers, trials: list[Trial], wine: Dataset, space: MLPSpace, folder: Path
) -> tuple[dict[str, float], int]:
    folds = write_folds(folder, wine, 0, Stream.CROSS_VALIDATION)
    batches = batch_plan(cross_validation.fold_rows(len(wine.y)), 0)
    recipe = Recipe("classification", batches, 3 * batches.steps_per_epoch)
    return cross_validate(trials, folds, space, recipe, 0, workers, 123.0)  # type: ignore[arg-type]


def fold_of(leg: Leg) -> int:
    (fold,) = leg.folds
    return int(fold.rows.folder.name[-1])


def test_a_score_is_the_mean_over_the_folds(wine: Dataset, space: MLPSpace, tmp_path: Path) -> None:
    trials = trained_trials(space, [0.9, 0.8])
    workers = FakeWorkers(lambda job, leg: (0.8 if job.key == trials[0].key else 0.5) + 0.01 * fold_of(leg))
    scores, n_folds = validated(workers, trials, wine, space, tmp_path)
    assert scores == pytest.approx({trials[0].key: 0.82, trials[1].key: 0.52})
    assert n_folds == 5
    assert {leg.deadline for _, leg in workers.trained} == {123.0}
    for jobs, leg in workers.trained:
        assert [job.weight_seeds for job in jobs] == [(weight_seed(0, t.key, fold_of(leg)),) for t in trials]


@pytest.mark.parametrize(("n_done", "expected"), [(4, 4), (3, 3), (2, 0), (0, 0)])
def test_only_folds_on_which_all_were_trained_count_and_three_at_least(
    wine: Dataset, space: MLPSpace, tmp_path: Path, n_done: int, expected: int
) -> None:
    trials = trained_trials(space, [0.9, 0.8])

    def score(job: Job, leg: Leg) -> float | None:
        is_late = fold_of(leg) > n_done or (fold_of(leg) == n_done and job.key == trials[1].key)
        return None if is_late else 0.9 - 0.1 * fold_of(leg)

    workers = FakeWorkers(score)
    scores, n_folds = validated(workers, trials, wine, space, tmp_path)
    assert n_folds == expected
    mean = 0.9 - 0.05 * (n_done - 1)
    assert scores == (pytest.approx({t.key: mean for t in trials}) if expected else {})
    assert len(workers.trained) == n_done + 1  # and no fold after the one that was cut off


def test_a_candidate_that_diverges_is_left_out(wine: Dataset, space: MLPSpace, tmp_path: Path) -> None:
    trials = trained_trials(space, [0.9, 0.8])
    workers = FakeWorkers(lambda job, leg: "diverged" if job.key == trials[0].key and fold_of(leg) == 1 else 0.5)
    scores, n_folds = validated(workers, trials, wine, space, tmp_path)
    assert (scores, n_folds) == ({trials[1].key: 0.5}, 5)
    assert [len(jobs) for jobs, _ in workers.trained] == [2, 2, 1, 1, 1]


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 10.0), min_size=1, max_size=12), st.integers(1, 8), st.floats(0.01, 200.0))
def test_as_many_are_confirmed_as_fit_into_the_time(fold_s: list[float], n_workers: int, seconds: float) -> None:
    n = affordable_candidates(fold_s, n_workers, seconds)
    assert 0 <= n <= len(fold_s)
    assert n == 0 or sum(fold_s[:n]) * 3 <= seconds * n_workers * (1 + 1e-9)
    assert n > 0 or 3 * fold_s[0] > seconds
    assert n <= affordable_candidates(fold_s, n_workers, 2 * seconds) or 5 * fold_s[0] > seconds


def test_without_time_for_all_folds_fewer_will_do() -> None:
    assert affordable_candidates([1.0, 1.0, 1.0], 2, 5.0) == 2
    assert affordable_candidates([1.0, 1.0, 1.0], 2, 10.0) == 3
    assert affordable_candidates([1.0, 1.0, 1.0], 2, 4.0) == 2  # on three folds
    assert affordable_candidates([1.0], 2, 2.9) == 0
