from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import nas as command
from commands import refused
from rich.console import Console

import nas.table
from nas.config import load_config
from nas.errors import RunError, UsageError
from nas.table import TableSettings, build_table, drawn_genotypes
from predictors import extract
from predictors.tables.network_table import read_network_table
from search_spaces import MLPSpace, RNNSpace, genotype_from_dict
from search_spaces.recurrent_wiring import CELLS

SETTINGS = TableSettings(n_networks=6, n_seeds=2)
QUIET = Console(quiet=True)


def config(**changes: Any) -> Any:
    flags = {"data.source": "wine", "search.trials": 1, "search.workers": 1, "training.epochs": 9}
    return load_config(None, flags | {name.replace("__", "."): value for name, value in changes.items()})


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "wine.csv.gz"
    assert build_table(config(), SETTINGS, path, QUIET) is None
    return path


def test_a_row_a_network_with_its_features_and_scores(table: Path) -> None:
    read = read_network_table(table)
    assert read.scores.shape == (6, 3, 2)
    assert read.test_scores.shape == (6, 2)
    assert read.seconds.shape == (6, 3)
    frame = pd.read_csv(table)
    space = MLPSpace(n_inputs=13, n_outputs=3, max_weights=10**6)
    for place, line in frame.iterrows():
        genotype = genotype_from_dict(json.loads(line["genotype"]))
        assert genotype.key() == line["key"]
        wiring = space.wire(genotype)
        assert wiring.n_weights == line["n_weights"]
        assert wiring.density == pytest.approx(line["wiring_density"], rel=1e-5)
        assert read.examples().rows[place] == pytest.approx(extract(genotype, wiring), rel=1e-5, abs=1e-12)
    assert frame["score"].to_numpy() == pytest.approx(read.scores[:, -1].mean(axis=1), rel=1e-5)
    assert frame["test_score"].to_numpy() == pytest.approx(read.test_scores.mean(axis=1), rel=1e-5)
    assert (np.diff(read.seconds, axis=1) >= 0).all()
    assert read.scores[:, -1].mean() > read.scores[:, 0].mean()  # something was learned
    assert not table.with_name(table.name + ".unfinished").exists()


def test_what_was_done_before_an_interruption_is_kept(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "again.csv.gz"
    monkeypatch.setattr(nas.table, "CHUNK", 2)
    train, n_calls = nas.table._train, 0

    def interrupted(*arguments: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        return None if n_calls == 3 else train(*arguments)

    monkeypatch.setattr(nas.table, "_train", interrupted)
    build_table(config(), SETTINGS, path, QUIET)
    assert not path.exists()
    rows = path.with_name("again.csv.gz.unfinished") / "rows.csv"
    lines = rows.read_text().splitlines()
    assert len(lines) == 5
    rows.write_text(rows.read_text() + lines[-1][:40])  # a line that a kill cut off
    with pytest.raises(RunError, match="other settings"):
        build_table(config(search__seed=1), SETTINGS, path, QUIET)
    monkeypatch.setattr(nas.table, "_train", train)
    build_table(config(), SETTINGS, path, QUIET)

    def but_seconds(table: Path) -> pd.DataFrame:
        frame = pd.read_csv(table)
        return frame[[name for name in frame.columns if not name.startswith("seconds")]]

    pd.testing.assert_frame_equal(but_seconds(path), but_seconds(table))


def test_networks_that_diverge_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, train = tmp_path / "some.csv.gz", nas.table._train

    def diverging(*arguments: Any) -> Any:
        networks = train(*arguments)
        networks[1].scores[2] = np.nan
        return networks

    monkeypatch.setattr(nas.table, "_train", diverging)
    build_table(config(), SETTINGS, path, QUIET)
    assert len(read_network_table(path)) == 5


def test_the_study_has_as_many_of_each_cell_and_prior() -> None:
    space = RNNSpace(n_inputs=7, n_outputs=2, max_weights=10**6)
    genotypes = drawn_genotypes(TableSettings(40, 1, "layered-priors"), space, 0)
    counts = Counter((genotype.cell, genotype.segments[0].prior) for genotype in genotypes)  # type: ignore[union-attr]
    assert len(counts) == 2 * len(CELLS)
    assert set(counts.values()) == {5}


@pytest.mark.parametrize(
    ("settings", "changes", "name", "error"),
    [
        (SETTINGS, {}, "table.csv", "ends in .csv.gz"),
        (SETTINGS, {}, "no/table.csv.gz", "no folder"),
        (TableSettings(12, 1, "layered-priors"), {"data__source": "reber"}, "t.csv.gz", "multiple of 8"),
        (TableSettings(8, 1, "layered-priors"), {"search__space": "mlp"}, "t.csv.gz", "recurrent networks"),
    ],
)
def test_what_will_not_do_is_refused(
    tmp_path: Path, settings: TableSettings, changes: dict[str, Any], name: str, error: str
) -> None:
    with pytest.raises(UsageError, match=error):
        build_table(config(**changes), settings, tmp_path / name, QUIET)
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_never_overwritten(table: Path) -> None:
    before = table.read_bytes()
    with pytest.raises(RunError, match="exists"):
        build_table(config(), SETTINGS, table, QUIET)
    assert table.read_bytes() == before


def test_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "wine.csv.gz"
    options = ["wine", "--networks", "3", "--seeds", "1", "--epochs", "1", "--workers", "1", "-o", str(path)]
    done = command("table", "build", *options)
    assert done.code == 0, done.err
    assert "Wrote 3 networks" in done.out
    assert gzip.decompress(path.read_bytes()).count(b"\n") == 4
    message = refused(command("table", "build", *options, "--draw", "ring"))
    assert message == "--draw is ring; give one of space, layered-priors."
