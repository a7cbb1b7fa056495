from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from final_parts import FakeWorkers, final_part

from nas.data import Dataset, SequenceDataset, prepare, prepare_sequences, sequence_load
from nas.data.reber import reber_strings
from nas.results import baselines as module
from nas.results.baselines import DENSE, SEQUENCES, TREES, Compared, baselines
from nas.results.boosted_trees import Boosted
from nas.results.final_part import FinalPart
from nas.results.front import best_of_front, front_by_doubling, known_of
from nas.results.front_training import train_front
from nas.results.held_out import HeldOut
from nas.results.sequence_learning import answer_sequences
from nas.results.timetable import Timetable
from nas.sequence_baselines import SequenceBaseline
from search_spaces import RNNSpace


@pytest.fixture(scope="module")
def wine() -> Dataset:
    return prepare("wine", seed=0)


@pytest.fixture(scope="module")
def reber() -> SequenceDataset:
    """400 strings of the Reber grammar."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequence_load, "reber_strings", partial(reber_strings, 400))
        return prepare_sequences("reber", seed=0)


def steps(part: FinalPart, show: Callable[[str], None] = lambda phase: None) -> list[Compared]:
    front = front_by_doubling(known_of(part.search.recorder.history, {}, {}))
    training, test = train_front(part, front[::-1]), HeldOut.read(part.dataset, 0)
    workers: Any = part.search.workers
    zeros = np.zeros(len(test.targets), np.float32)
    workers.answer = Boosted(zeros, 100, 1.0)
    if isinstance(part.dataset, SequenceDataset):
        workers.answer = [SequenceBaseline("logistic regression on n-grams", zeros, 7, 8, 1.0)]
    return list(baselines(part, best_of_front(front), training, test, show))


def names(compared: Compared) -> list[str]:
    return [one.baseline.name for one in compared.answered]


def test_baselines_come_one_kind_after_the_other(wine: Dataset, tmp_path: Path) -> None:
    phases: list[str] = []
    first, second, third = steps(final_part(tmp_path, wine), phases.append)
    assert (names(first), first.missing) == (["always the commonest class"], (DENSE, TREES))
    assert second.missing == (TREES,) and third.missing == ()
    assert names(third)[:-1] == names(second) and names(second)[:1] == names(first)
    assert names(third)[-1] == "HistGradientBoosting"
    dense = second.answered[1:]
    matched = [(one.baseline.name.split(" 2")[0], one.baseline.name.split(" (")[1]) for one in dense]
    of_dense = [("dense", "equal weights)"), ("dense", "100 units a layer)")]
    assert matched == [*of_dense, ("gradually pruned", "equal weights)"), ("RigL", "equal weights)")]
    for one in dense:
        assert one.answers is not None and one.baseline.test_score is not None and one.baseline.test_error is not None
        assert one.baseline.n_weights is not None and one.baseline.n_parameters is not None
        assert one.baseline.n_weights < one.baseline.n_parameters
    assert phases == ["training dense networks", "training gradient-boosted trees"]


def test_the_dense_network_of_equal_weights_is_matched_to_the_best(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine)
    _, second, _ = steps(part)
    best = max(part.search.recorder.history, key=lambda trial: trial.outcome.score)  # type: ignore[union-attr]
    for place in (1, 4):  # dense, and rewired
        n_weights = second.answered[place].baseline.n_weights
        assert n_weights is not None and abs(n_weights / best.n_weights - 1) < 0.2


@pytest.mark.parametrize("n_workers", [1, 2])
def test_trees_begin_before_the_dense_networks_if_another_worker_is_free(
    wine: Dataset, tmp_path: Path, n_workers: int
) -> None:
    part = final_part(tmp_path, wine, n_workers=n_workers)
    workers: Any = part.search.workers
    n_begun: list[int] = []

    def score(job: Any, leg: Any) -> float:
        n_begun.append(len(workers.begun))
        return 0.5

    workers.score = score
    steps(part)
    assert n_begun[-1] == (1 if n_workers > 1 else 0) and len(workers.begun) == 1


def test_what_fails_is_told_and_the_others_are_compared(
    wine: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise MemoryError("too large")

    monkeypatch.setattr(module, "dense_baselines", broken)
    _, second, third = steps(final_part(tmp_path, wine))
    note = "There are no dense networks to compare with: MemoryError: too large."
    assert (names(second), second.notes, second.missing) == (["always the commonest class"], (note,), (TREES,))
    assert names(third)[-1] == "HistGradientBoosting" and third.notes == (note,)


def test_an_interruption_ends_them(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine)
    part.search.is_interrupted = lambda: True
    assert len(steps(part)) == 1
    answers = iter([False, True])
    part.search.is_interrupted = lambda: next(answers)
    assert len(steps(part)) == 2


def test_a_few_settings_are_compared_if_there_is_time_for_no_more_and_a_note_says_so(
    wine: Dataset, tmp_path: Path
) -> None:
    part = final_part(tmp_path, wine, table=Timetable(0.0, 0.0, 0.5, 0.0))
    *_, last = steps(part)
    (note,) = last.notes
    of_each = r"[126] \((dense|gradually pruned|RigL), (equal weights|100 units a layer)\)"
    of_all = f"{of_each}( and {of_each})*"
    pattern = rf"The networks to compare with are the best of {of_all} of 24 settings: there was no time for more\."
    assert re.fullmatch(pattern, note)
    (tmp_path / "more").mkdir()
    *_, last = steps(final_part(tmp_path / "more", wine, table=Timetable(0.0, 0.0, 1e4, 0.0)))
    assert last.notes == ()


def test_a_dense_network_without_time_is_named(wine: Dataset, tmp_path: Path) -> None:
    part = final_part(tmp_path, wine, workers=FakeWorkers(lambda job, leg: 0.5 if "|" in job.key else None))
    _, second, _ = steps(part)
    assert names(second)[1] == "dense (equal weights): not trained to the end, time was short"
    assert second.answered[1].baseline.test_score is None


def test_recurrent_networks_are_compared_with_dense_ones_of_their_cell_and_rules_and_no_trees(
    reber: SequenceDataset, tmp_path: Path
) -> None:
    part = final_part(tmp_path, reber, space=RNNSpace(reber.n_inputs, reber.n_outputs, 4000))
    first, second, third = steps(part)
    assert names(first) == ["always the commonest class", "bigram rule", "trigram rule", "length rule"]
    assert (first.missing, second.missing, third.missing) == ((DENSE, SEQUENCES), (SEQUENCES,), ())
    best = max(part.search.recorder.history, key=lambda trial: trial.outcome.score).genotype  # type: ignore[union-attr]
    equal, usual = names(second)[-2:]
    assert f" {best.cell} units, rate" in equal and equal.endswith("(equal weights)")  # type: ignore[union-attr]
    assert usual.startswith("dense 32 lstm units, rate")
    assert names(third)[-1] == "logistic regression on n-grams"
    ((function, dataset, *_),) = part.search.workers.begun  # type: ignore[attr-defined]
    assert (function, dataset) == (answer_sequences, reber)
