"""Ours and its baselines are put side by side, means over the tables that all have."""

from __future__ import annotations

import json
import math

import pytest
from tables_at_60s import analyse, by_data_set, kind_of, published


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("HistGradientBoosting", "HistGradientBoosting"),
        ("HistGradientBoosting (37 of 100 iterations: time was short)", "HistGradientBoosting"),
        ("dense MLP, 100 hidden units", "dense MLP, 100 hidden units"),
        ("HistGradientBoosting: not begun, it needs 5 s and has 2 s", "HistGradientBoosting"),
        ("dense MLP, 1,028 hidden units (equal weights)", "dense (equal weights)"),
        ("dense 2 x 57 silu, rate 0.01 (equal weights)", "dense (equal weights)"),
        ("dense (equal weights): not trained to the end, time was short", "dense (equal weights)"),
        ("always the commonest class", "always the commonest class"),
    ],
)
def test_baselines_are_of_one_kind_whatever_their_size(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def row(data: str, budget_s: float, test: float, weights: int, boosting: float) -> dict[str, str]:
    return {
        "data": data,
        "budget_s": str(budget_s),
        "best_test_score": str(test),
        "best_n_weights": str(weights),
        "baselines": json.dumps({"HistGradientBoosting": [boosting, None]}),
    }


def test_only_searches_of_60_s_count_and_seeds_are_averaged() -> None:
    found = by_data_set([row("wine", 60, 0.9, 100, 0.5), row("wine", 60, 0.8, 200, 0.7), row("wine", 30, 0.1, 1, 0.1)])
    assert found["wine"]["ours"] == pytest.approx((0.85, 150))
    accuracy, weights = found["wine"]["HistGradientBoosting"]
    assert accuracy == pytest.approx(0.6)
    assert math.isnan(weights)


def test_means_are_over_the_tables_that_all_lines_have() -> None:
    now = by_data_set([row("wine", 60, 0.9, 100, 0.5), row("vowel", 60, 0.7, 300, 0.6), row("wdbc", 60, 0.2, 9, 0.1)])
    known = published(
        [
            {"dataset": "wine", "model": "rf", "test_accuracy": "1.0", "weights": ""},
            {"dataset": "vowel", "model": "rf", "test_accuracy": "0.9", "weights": "1600"},
        ]
    )
    text = analyse({", now": now, ", published": known})
    assert "| test accuracy (weights) | wine | vowel | wdbc | mean of 2 |" in text
    assert "| ours, now | 0.9000 (100) | 0.7000 (300) | 0.2000 (9) | 0.8000 (200) |" in text
    assert "| HistGradientBoosting, now | 0.5000 | 0.6000 | 0.1000 | 0.5500 |" in text
    assert "| rf, published | 1.0000 | 0.9000 (1,600) | - | 0.9500 |" in text


def test_a_baseline_that_time_was_too_short_for_has_no_score() -> None:
    unfinished = row("wine", 60, 0.9, 100, 0.5) | {
        "baselines": json.dumps({"HistGradientBoosting: none": [None, None]})
    }
    assert "| HistGradientBoosting | - | - |" in analyse({"": by_data_set([unfinished])})


def test_a_search_without_a_network_is_left_out_of_the_mean() -> None:
    lost = row("wine", 60, 0.9, 100, 0.5) | {"best_test_score": "", "best_n_weights": ""}
    text = analyse({"": by_data_set([lost, row("vowel", 60, 0.7, 300, 0.6)])})
    assert "| ours | - | 0.7000 (300) | 0.7000 (300) |" in text
