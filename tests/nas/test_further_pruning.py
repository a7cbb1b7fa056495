"""A network of a finished run is pruned further, and what is left joins the front."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from nas.deployment import network_folder
from nas.errors import UsageError
from nas.further_pruning import Point, prune_and_print, prune_further
from nas.network_file import load_network
from nas.recorder import read_history
from nas.report.file import read_report
from nas.rundir import RunDirectory


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> RunDirectory:
    """A copy of a finished run, whose data are built in."""
    shutil.copytree(finished_run, tmp_path / "mine")
    return RunDirectory(tmp_path / "mine")


def test_smaller_networks_join_the_front_and_can_be_used(run: RunDirectory) -> None:
    before = read_report(run)
    best = load_network(network_folder(run, None)).wiring
    curve: list[Point] = []
    added = prune_further(run, None, None, "magnitude", curve.append)
    after = read_report(run)
    assert len(curve) >= 2
    sizes = [point.n_weights for point in curve]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] < best.n_weights
    assert added and added == sorted(added, key=lambda row: row["n_weights"])
    assert after["front"] == sorted([*before["front"], *added], key=lambda row: row["n_weights"])
    assert after["best"] == before["best"]
    taken = {trial.number for trial in read_history(run.study)}
    assert not taken & {row["trial"] for row in added}
    for row in added:
        network = load_network(network_folder(run, row["trial"]))
        assert network.wiring.n_weights == row["n_weights"] < best.n_weights
        assert 0.0 <= row["test_score"] <= 1.0 and row["test_error"] >= 0.0
        assert row["validation_score"] in {point.score for point in curve}
    assert len({row["n_weights"].bit_length() for row in added[1:]}) == len(added[1:])


def test_the_same_pruning_adds_nothing_again_and_another_begins_where_the_numbers_end(run: RunDirectory) -> None:
    first = prune_further(run, None, None, "magnitude", lambda point: None)
    report = run.report.read_bytes()
    console = Console(file=io.StringIO(), width=100)
    prune_and_print(str(run.path), None, None, "magnitude", console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "All of these networks are already on the front of mine." in text
    assert run.report.read_bytes() == report
    other = prune_further(run, None, None, "random", lambda point: None)
    assert other and min(row["trial"] for row in other) > max(row["trial"] for row in first)


def test_a_person_sees_the_curve_and_then_the_front(run: RunDirectory) -> None:
    console = Console(file=io.StringIO(), width=100)
    n_weights = load_network(network_folder(run, None)).wiring.n_weights
    prune_and_print(str(run.path), None, n_weights // 3, "first-order", console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert " weights: accuracy on validation rows " in text and "after retraining" in text
    assert "to the front of mine." in text and "Pareto front" in text
    assert min(row["n_weights"] for row in json.loads(run.report.read_text())["front"]) <= n_weights // 3


def test_what_cannot_be_pruned_is_refused_in_a_line(run: RunDirectory) -> None:
    n_weights = load_network(network_folder(run, None)).wiring.n_weights
    with pytest.raises(UsageError, match=rf"--to is {n_weights:,}; the network has {n_weights:,} weights. Give fewer"):
        prune_further(run, None, n_weights, "magnitude", lambda point: None)
    with pytest.raises(UsageError, match="--saliency is size; give one of random, magnitude, "):
        prune_and_print(str(run.path), None, None, "size", Console(file=io.StringIO()))
    with pytest.raises(UsageError, match="Trial 9999 of mine has no trained network"):
        prune_further(run, 9999, None, "magnitude", lambda point: None)
    config = json.loads(run.config.read_text())
    run.config.write_text(json.dumps(config | {"fingerprint": "other"}))
    with pytest.raises(UsageError, match="is not what the run mine was started with: its content has changed"):
        prune_further(run, None, None, "magnitude", lambda point: None)
