from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from predictors.errors import PredictorError
from predictors.tables.network_table import is_network_table, read_network_table

COLUMNS = (
    "key,prior,score,test_score,score_rung1_seed1,score_rung1_seed2,score_rung2_seed1,score_rung2_seed2,"
    "test_score_seed1,test_score_seed2,seconds_rung1,seconds_rung2,wiring_density,n_weights,depth,genotype"
)
ROWS = [
    'k1,layered,0.75,0.65,0.1,0.2,0.7,0.8,0.6,0.7,1,3,0.5,10,2,"{""a"": 1}"',
    'k2,erdos-renyi,0.5,0.4,0.3,0.4,0.5,0.5,0.4,0.4,2,5,0.25,30,4,"{""a"": 2}"',
]


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_scores_by_network_rung_and_seed(tmp_path: Path) -> None:
    table = read_network_table(written(tmp_path / "table.csv", [COLUMNS, *ROWS]))
    assert len(table) == 2
    assert table.scores.tolist() == [[[0.1, 0.2], [0.7, 0.8]], [[0.3, 0.4], [0.5, 0.5]]]
    assert table.test_scores.tolist() == [[0.6, 0.7], [0.4, 0.4]]
    assert table.seconds.tolist() == [[1, 3], [2, 5]]
    assert table.frame["genotype"].tolist() == ['{"a": 1}', '{"a": 2}']


def test_examples_have_features_alone_as_rows(tmp_path: Path) -> None:
    examples = read_network_table(written(tmp_path / "table.csv", [COLUMNS, *ROWS])).examples()
    assert examples.names == ("n_weights", "depth")
    assert examples.rows.tolist() == [[10, 2], [30, 4]]
    assert np.allclose(examples.targets, [0.75, 0.5])
    assert examples.repeats is not None
    assert examples.repeats.tolist() == [[0.7, 0.8], [0.5, 0.5]]
    assert examples.size_names == ("n_weights",)
    assert examples.families == ("layered", "erdos-renyi")


def test_another_table_is_refused(tmp_path: Path) -> None:
    assert is_network_table(COLUMNS.split(","))
    with pytest.raises(PredictorError, match="no table of networks"):
        read_network_table(written(tmp_path / "other.csv", ["a,genotype", "1,2"]))
    with pytest.raises(PredictorError, match="cannot be read"):
        read_network_table(tmp_path / "none.csv")


PUBLISHED = sorted((Path(__file__).parents[2] / "benchmarks" / "tables").glob("*.csv.gz"))


@pytest.mark.parametrize("path", PUBLISHED, ids=[path.name for path in PUBLISHED])
def test_published_tables_are_whole(path: Path) -> None:
    """They were built with the genes and features of an earlier version, and stay as they are."""
    table = read_network_table(path)
    assert {"n_weights", "layers", "log_learning_rate", "node_betweenness_mean"} < set(table.feature_names)
    assert table.frame["key"].is_unique
    assert np.isfinite(table.examples().rows).all()
    assert table.scores.shape[1:] == (3, 3)
    assert ((table.scores >= 0) & (table.scores <= 1)).all()
    assert {"segments", "learning_rate"} < json.loads(table.frame["genotype"][0]).keys()
