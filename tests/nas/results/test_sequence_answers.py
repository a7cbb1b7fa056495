from __future__ import annotations

import pickle
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from final_parts import FakeWorkers, final_part

from nas.data import SequenceDataset, prepare_sequences, sequence_load
from nas.data.reber import reber_strings
from nas.data.shared import SharedRows
from nas.results.held_out import HeldOut
from nas.results.sequence_answers import begin_sequences, finished_sequences
from nas.results.sequence_learning import answer_sequences
from nas.results.timetable import BOOSTING_SHARE, MAX_BOOSTING_S, Timetable
from nas.sequence_baselines import SequenceBaseline, sequence_baselines
from nas.workers import KILL_AFTER_S
from search_spaces import RNNSpace


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> SequenceDataset:
    """Sequences of two channels; the sum of the first tells their class."""
    rng, file = np.random.default_rng(0), tmp_path_factory.mktemp("arrays") / "x.npz"
    x = rng.standard_normal((60, 9, 2)).astype(np.float32)
    np.savez(file, x_train=x, lengths_train=rng.integers(4, 10, 60), y_train=(x[:, :4, 0].sum(axis=1) > 0).astype(int))
    return prepare_sequences(str(file), seed=0)


def never() -> bool:
    return False


NO_ROWS = SharedRows(Path("none"))


def test_a_worker_answers_as_this_process_does(arrays: SequenceDataset) -> None:
    found = answer_sequences(NO_ROWS, never, arrays, 60.0, 3)
    expected = list(sequence_baselines(arrays, 60.0, 3))
    assert [one.name for one in found] == [one.name for one in expected] and len(found) >= 3
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.predicted, other.predicted)


def test_it_stops_between_two_baselines_when_told_to(arrays: SequenceDataset) -> None:
    asked = iter([False, True])
    assert len(answer_sequences(NO_ROWS, lambda: next(asked), arrays, 60.0, 3)) == 2


def test_a_data_set_can_be_sent_to_a_worker(arrays: SequenceDataset) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequence_load, "reber_strings", partial(reber_strings, 400))
        reber = prepare_sequences("reber", seed=0)
    for dataset in (arrays, reber):
        sent: SequenceDataset = pickle.loads(pickle.dumps(dataset))
        np.testing.assert_array_equal(sent.read_test()[0], dataset.read_test()[0])


def begun_with(
    folder: Path, arrays: SequenceDataset, table: Timetable | None, budget_s: float | None
) -> tuple[float, float]:
    """The seconds that they may take, and those after which they are killed."""
    space = RNNSpace(arrays.n_inputs, arrays.n_outputs, 400)
    part = final_part(folder, arrays, space=space, table=table)
    part.search.clock.budget_s = budget_s
    begin_sequences(part)
    ((function, dataset, limit_s, seed, deadline),) = part.search.workers.begun  # type: ignore[attr-defined]
    assert (function, dataset, seed) == (answer_sequences, arrays, 0)
    return limit_s, deadline - time.monotonic()


def test_they_have_the_share_of_trees_and_are_killed_at_the_end_of_all_baselines(
    arrays: SequenceDataset, tmp_path: Path
) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
    limit_s, killed_s = begun_with(tmp_path / "a", arrays, Timetable(0.0, 0.0, 30.0, 5.0), 100.0)
    assert (limit_s, killed_s) == (pytest.approx(100 * BOOSTING_SHARE), pytest.approx(30.0 - KILL_AFTER_S, abs=0.5))
    limit_s, killed_s = begun_with(tmp_path / "b", arrays, Timetable(0.0, 0.0, 4.0, 5.0), 100.0)
    assert (limit_s, killed_s) == (pytest.approx(4.0 - KILL_AFTER_S, abs=0.5), pytest.approx(limit_s, abs=0.5))
    limit_s, killed_s = begun_with(tmp_path / "c", arrays, None, None)
    assert (limit_s, killed_s > limit_s) == (MAX_BOOSTING_S, True)


def test_they_are_not_begun_when_there_is_no_time_to_load_what_they_need(
    arrays: SequenceDataset, tmp_path: Path
) -> None:
    space = RNNSpace(arrays.n_inputs, arrays.n_outputs, 400)
    part = final_part(tmp_path, arrays, space=space, table=Timetable(0.0, 0.0, 1.5, 0.0))
    begun = begin_sequences(part)
    assert part.search.workers.begun == []  # type: ignore[attr-defined]
    (answered,) = finished_sequences(begun, HeldOut.read(arrays, 0))
    assert answered.answers is None and "not begun, they need 1.5 s and have 0.5 s" in answered.baseline.name


def test_answers_are_judged_and_those_that_were_killed_say_so(arrays: SequenceDataset) -> None:
    test = HeldOut.read(arrays, 0)
    one = SequenceBaseline("linear", test.targets, 19, 20, 2.5)
    (answered,) = finished_sequences(FakeWorkers(answer=[one]).begin(answer_sequences, deadline=None), test)
    baseline = answered.baseline
    assert (baseline.name, baseline.test_score, baseline.n_weights, baseline.seconds) == ("linear", 1.0, 19, 2.5)
    (killed,) = finished_sequences(FakeWorkers(answer=TimeoutError()).begin(answer_sequences, deadline=None), test)
    assert killed.answers is None and "stopped by their time limit" in killed.baseline.name
