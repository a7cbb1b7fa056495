from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from predictors.errors import PredictorError
from predictors.tables import Wishes, read_sources

N = 12


def columns() -> dict[str, list[str]]:
    return {
        "n_weights": [str(i + 1) for i in range(N)],
        "first": [str(0.5 + i / 100) for i in range(N)],
        "second": [str(0.6 + i / 100) for i in range(N)],
        "fold": ["ab"[i % 2] for i in range(N)],
    }


def write(path: Path, table: dict[str, list[str]]) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(table), *zip(*table.values(), strict=True)])
    return str(path)


def test_the_mean_of_repeats_is_the_target_and_each_is_kept(tmp_path: Path) -> None:
    table = columns()
    table["second"][3] = ""
    source = read_sources([write(tmp_path / "t.csv", table)], Wishes(repeats=("first", "second"), ignore=("fold",)))
    expected = np.arange(N) / 100 + 0.55
    expected[3] = 0.53  # of one training
    assert np.allclose(source.examples.targets, expected)
    assert source.examples.repeats is not None
    assert np.isnan(source.examples.repeats[3, 1])
    assert source.examples.names == ("n_weights",)
    assert source.examples.size_names == ("n_weights",)
    assert (source.names, source.target, source.recipe.columns) == (("t.csv",), "mean of 2 scores", ("n_weights",))


def test_where_lower_is_better_scores_are_negated(tmp_path: Path) -> None:
    wishes = Wishes(target="first", ignore=("second", "fold"), minimize=True)
    source = read_sources([write(tmp_path / "t.csv", columns())], wishes)
    assert source.minimize
    assert np.allclose(source.examples.targets, -0.5 - np.arange(N) / 100)


def test_groups_are_numbered(tmp_path: Path) -> None:
    wishes = Wishes(target="first", ignore=("second",), group="fold")
    examples = read_sources([write(tmp_path / "t.csv", columns())], wishes).examples
    assert examples.groups.tolist() == [0, 1] * (N // 2)
    assert examples.names == ("n_weights",)


def test_faults_are_named_with_their_place(tmp_path: Path) -> None:
    constant, few, one_group, without = columns(), columns(), columns(), columns()
    constant["first"] = ["0.5"] * N
    one_group["fold"] = ["a"] * N
    without["first"][4] = without["second"][4] = ""
    wishes = Wishes(target="first", ignore=("second", "fold"))
    for table, wished, wanted in [
        (constant, wishes, 'column "first": all 12 values are 0.5'),
        ({name: values[:9] for name, values in few.items()}, wishes, "has 9 rows; give at least 10"),
        (one_group, Wishes(target="first", ignore=("second",), group="fold"), "all rows are of one group"),
        (without, Wishes(repeats=("first", "second"), ignore=("fold",)), "row 5"),
    ]:
        with pytest.raises(PredictorError, match=wanted):
            read_sources([write(tmp_path / "t.csv", table)], wished)
    with pytest.raises(PredictorError, match="is not the folder of a run"):
        read_sources([write(tmp_path / "t.csv", few), str(tmp_path)], Wishes())
    with pytest.raises(PredictorError, match="--early-evidence is for those and for runs"):
        read_sources([str(tmp_path / "t.csv")], Wishes(target="first", early_evidence=True))


def test_of_runs_no_columns_are_chosen(finished_run: Path) -> None:
    source = read_sources([str(finished_run)], Wishes())
    assert (source.names, source.target) == ((finished_run.name,), "score")
    with pytest.raises(PredictorError, match="--target is for tables"):
        read_sources([str(finished_run)], Wishes(target="score"))
    with pytest.raises(PredictorError, match="given twice"):
        read_sources([str(finished_run), str(finished_run)], Wishes())
