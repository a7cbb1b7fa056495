from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from columns import read_rows, write_columns

from predictors.commands.learning import Choices, judge, saved
from predictors.commands.prediction_table import write_predictions
from predictors.commands.progress import shown_steps
from predictors.errors import PredictorError
from predictors.predictor_file import SavedPredictor
from predictors.tables import Wishes

WIDTHS, FAMILIES = list(range(5, 35)), ["ws", "ba"] * 15


@pytest.fixture
def predictor(tmp_path: Path) -> SavedPredictor:
    """Learned from thirty networks of two families; the score is nearly twice the width."""
    scores = (2 * np.array(WIDTHS) + np.random.default_rng(0).normal(0, 0.1, 30)).tolist()
    table = write_columns(tmp_path / "known.csv", {"width": WIDTHS, "family": FAMILIES, "score": scores})
    with shown_steps() as steps:
        judged = judge([str(table)], Wishes(), Choices("bayesian-ridge", "plain", 0), steps, lambda _: None)
    return saved(judged, 0)


def test_a_row_of_each_network_and_what_tells_it_from_the_others(predictor: SavedPredictor, tmp_path: Path) -> None:
    new = {"width": [10, 20, 30], "family": ["ws", "ba", "er"], "name": ["a", "b", "c"], "lab": ["x", "x", "y"]}
    new["genotype"] = [f'{{"segments":{"[]" * n}}}' for n in (50, 60, 70)]  # too long for a name
    output = tmp_path / "out.csv"
    assert write_predictions(predictor, write_columns(tmp_path / "new.csv", new), output) == (3, 1)
    rows = read_rows(output)
    assert list(rows[0]) == ["family", "name", "prediction", "spread", "outside"]
    np.testing.assert_allclose([float(row["prediction"]) for row in rows], [20, 40, 60], atol=1)
    assert [row["outside"] for row in rows] == ["false", "false", "true"]  # of no network of the family er it learned


def test_without_names_rows_are_numbered(predictor: SavedPredictor, tmp_path: Path) -> None:
    table = write_columns(tmp_path / "new.csv", {"width": [10, 2000], "family": ["ws", "ws"]})
    assert write_predictions(predictor, table, tmp_path / "out.csv") == (2, 1)
    rows = read_rows(tmp_path / "out.csv")
    assert list(rows[0]) == ["row", "family", "prediction", "spread", "outside"]
    assert [(row["row"], row["outside"]) for row in rows] == [("1", "false"), ("2", "true")]


def test_a_run_is_not_a_table(predictor: SavedPredictor, finished_run: Path, tmp_path: Path) -> None:
    with pytest.raises(PredictorError, match="is a run, whose networks are known already"):
        write_predictions(predictor, finished_run, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_fault_leaves_no_file(predictor: SavedPredictor, tmp_path: Path) -> None:
    table = write_columns(tmp_path / "new.csv", {"family": ["ws", "ws"]})
    with pytest.raises(PredictorError, match='lacks 1 columns that are needed: "width"'):
        write_predictions(predictor, table, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
