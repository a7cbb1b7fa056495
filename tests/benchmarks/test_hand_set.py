"""Networks set by hand are what their names say, learn, and are compared with ours seed by seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hand_set
import numpy as np
import pytest
from hand_set import COLUMNS, KEY, MATCHES, OURS, HandSet, Match, analyse, play, trained
from result_file import ResultFile

from nas.data import prepare

SHAPES = {"letter": (16, 26), "satimage": (36, 6), "mnist": (784, 10)}
SMALL = HandSet("12 of 5, 8 dense", ((12, 5), (8, None)), "silu", 0.02, 30)


@pytest.mark.parametrize("match", MATCHES, ids=lambda match: match.data)
def test_networks_stay_within_the_limit_of_the_search(match: Match) -> None:
    n_inputs, n_outputs = SHAPES[match.data]
    for network in match.networks:
        wiring = network.wiring(n_inputs, n_outputs, np.random.default_rng(0))
        assert 0.98 * match.most_weights < wiring.n_weights <= match.most_weights
        assert wiring.depth == 2


@pytest.mark.parametrize("seed", range(3))
def test_each_neuron_reads_as_many_of_the_layer_before_as_it_should(seed: int) -> None:
    wiring = SMALL.wiring(13, 3, np.random.default_rng(seed))
    assert (wiring.n_inputs, wiring.n_hidden, wiring.n_outputs) == (13, 20, 3)
    rows = [wiring.indices[a:b] for a, b in zip(wiring.indptr, wiring.indptr[1:], strict=False)]
    for row in rows[:12]:
        assert len(row) == 5 and row.max() < 13
    for row in rows[12:20]:
        assert row.tolist() == list(range(13, 25))
    for row in rows[20:]:
        assert row.tolist() == list(range(25, 33))


def test_a_network_set_by_hand_learns_and_its_seed_decides_all() -> None:
    dataset = prepare("wine", target="target", seed=0)
    score, wiring = trained(SMALL, dataset, 0)
    assert score > 0.9
    assert wiring.n_weights == 12 * 5 + 8 * 12 + 3 * 8
    assert trained(SMALL, dataset, 0)[0] == score


def test_a_match_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[Any] = []

    def search(wanted: Any) -> dict[str, Any]:
        searches.append(wanted)
        return {"best_test_score": 0.95, "best_n_weights": 100, "used_s": 9.0}

    wiring = SMALL.wiring(13, 3, np.random.default_rng(0))
    monkeypatch.setattr(hand_set, "run_search", search)
    monkeypatch.setattr(hand_set, "trained", lambda network, dataset, seed: (0.9, wiring))
    monkeypatch.setattr(hand_set, "prepare", lambda source, target, seed: object())
    match = Match("wine", "wine.csv", "target", 200, 10.0, (SMALL,))
    results = ResultFile(tmp_path / "out.csv", COLUMNS, KEY)
    for _ in range(2):
        play(match, tmp_path, 0, results)
    play(match, tmp_path, 1, results)
    assert [(row["network"], row["seed"]) for row in results.rows] == [
        (SMALL.name, "0"), (OURS, "0"), (SMALL.name, "1"), (OURS, "1")
    ]  # fmt: skip
    assert [wanted.seed for wanted in searches] == [0, 1]
    assert searches[0].options == ["--max-weights", "200", "--target", "target"]


def test_ours_is_compared_seed_by_seed() -> None:
    def row(network: str, seed: int, test: float, budget_s: str = "") -> dict[str, str]:
        about = {"data": "letter", "network": network, "budget_s": budget_s, "seed": str(seed)}
        return about | {"test_score": str(test), "weights": "900", "seconds": "2"}

    rows = [row("by hand", seed, 0.9 + 0.01 * seed) for seed in range(3)]
    rows += [row(OURS, seed, 0.91 + 0.01 * seed + 0.001 * seed, "60.0") for seed in range(3)]
    text = analyse(rows)
    assert "| letter | by hand | 3 | 900 | 2.0 | 0.9100 ± 0.0058 | +0.0110 ± 0.0006 |" in text
    assert "| letter | ours, 60 s | 3 | 900 | 2.0 | 0.9210 ± 0.0064 |  |" in text
