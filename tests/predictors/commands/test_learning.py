from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from columns import write_columns

from predictors.commands import learning
from predictors.commands.learning import Choices, about, check_output, judge, saved
from predictors.commands.progress import shown_steps
from predictors.errors import PredictorError
from predictors.regressors.choice import Choice
from predictors.tables import Wishes


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Thirty networks whose score is their width and noise."""
    rng = np.random.default_rng(0)
    widths = rng.integers(1, 50, 30)
    columns = {"width": widths, "depth": rng.integers(1, 9, 30), "score": widths + rng.normal(size=30)}
    return write_columns(tmp_path / "networks.csv", columns)


def judged(table: Path, choices: Choices) -> tuple[learning.Judged, list[str]]:
    said: list[str] = []
    with shown_steps() as steps:
        return judge([str(table)], Wishes(), choices, steps, said.append), said


def test_a_named_regressor_is_judged_three_times_and_one_that_chooses_anew_twice(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("predictors.regressors", "predictors.commands.learning"):
        monkeypatch.setattr(f"{module}.AUTO_NAMES", ("bayesian-ridge", "neighbours"))
    named, _ = judged(table, Choices("bayesian-ridge", "plain", 0))
    auto, said = judged(table, Choices("auto", "plain", 0))
    assert (named.trust.n_repeats, auto.trust.n_repeats) == (3, 2)
    assert auto.regressor in learning.AUTO_NAMES
    assert any(line.startswith(f"Chosen is {auto.regressor}, by") for line in said)


def test_many_networks_are_judged_once(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "FEW_NETWORKS", 20)
    monkeypatch.setattr(learning, "AUTO_NAMES", ("bayesian-ridge", "neighbours"))
    seen: list[int] = []

    def choose(rows: np.ndarray, *_: object) -> Choice:
        seen.append(len(rows))
        return Choice(("neighbours",), {"bayesian-ridge": 0.5, "neighbours": 0.75}, np.empty(0, int), np.empty(0))

    monkeypatch.setattr(learning, "choose", choose)
    auto, said = judged(table, Choices("auto", "plain", 0))
    assert (seen, auto.regressor, auto.trust.n_repeats) == ([30], "neighbours", 1)
    assert "bayesian-ridge 0.500, neighbours 0.750" in said[-1]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (("oracle", "plain", 0), 'no regressor "oracle"; there are '),
        (("forest", "square", 0), 'no transform "square"; give one of plain'),
        (("forest", "plain", -2), "--seed is -2; give 0 or more"),
    ],
)
def test_wrong_choices_are_refused(choices: tuple[str, str, int], message: str) -> None:
    with pytest.raises(PredictorError, match=message):
        Choices(*choices)


def test_what_is_saved_says_what_it_learned_from(table: Path) -> None:
    named, _ = judged(table, Choices("bayesian-ridge", "ranks", 5))
    predictor = saved(named, 5)
    lines = about(predictor)
    assert lines[0] == "Predicts score (higher is better) from 2 features of a network."
    assert "Regressor:    bayesian-ridge, targets ranks, seed 5" in lines
    assert "Learned from: 30 networks of networks.csv" in lines
    assert lines[-len(predictor.trust_lines) :] == list(predictor.trust_lines)


def test_a_file_can_be_made_where_there_is_a_folder_and_no_file(tmp_path: Path) -> None:
    check_output(tmp_path / "new.json")
    (tmp_path / "old.json").touch()
    with pytest.raises(PredictorError, match=r"old\.json exists already"):
        check_output(tmp_path / "old.json")
    with pytest.raises(PredictorError, match="does not exist; make it"):
        check_output(tmp_path / "none" / "new.json")
