"""What is said of budgets names the worst search and counts those that were late."""

from __future__ import annotations

import pytest
from budget_kept import DATA_SETS, analyse, searches


def row(data: str, budget_s: float, used_s: float, busy: bool = False, weights: str = "10") -> dict[str, str]:
    return {
        "data": data,
        "budget_s": str(budget_s),
        "used_s": str(used_s),
        "busy": str(busy),
        "best_n_weights": weights,
    }


def test_all_data_sets_are_searched_with_all_budgets_the_short_ones_first() -> None:
    assert len(set(DATA_SETS)) == 12
    wanted = searches({name: f"{name}.npz" for name in DATA_SETS}, [30.0, 10.0], seed=3, busy=True)
    assert [(w.data, w.budget_s) for w in wanted] == [(name, s) for s in (10.0, 30.0) for name in DATA_SETS]
    assert all(w.busy and w.seed == 3 and w.source == f"{w.data}.npz" for w in wanted)
    assert len(searches({"wine": "wine"}, [10.0], 0, False)) == 1


def test_the_worst_is_named_and_the_late_are_counted() -> None:
    rows = [
        row("wine", 10, 9.5),
        row("wine", 30, 32.0),
        row("wine", 10, 12.5, busy=True),
        row("reber", 10, 11.1),
        row("reber", 30, 20.0, weights=""),
    ]
    text = analyse(rows)
    assert "| data | 10 s | 30 s | 10 s, busy |" in text
    assert "| wine | 0.95 | 1.07 | 1.25 |" in text
    assert "| reber | 1.11 | 0.67 |  |" in text
    assert "at most 1.250 (wine, 10 s, busy)" in text
    assert "Of 5 searches 2 used more than 1.1 of their budget, and 1 less than 0.9." in text
    assert "Without any network: reber." in text


def test_of_several_seeds_the_worst_is_shown() -> None:
    text = analyse([row("wine", 10, 9.0), row("wine", 10, 10.4), row("wine", 10, 9.9)])
    assert "| wine | 1.04 |" in text
    assert "Without any network: none." in text


@pytest.mark.parametrize("used_s", [9.0, 10.0, 11.0])
def test_ten_percent_more_or_less_is_kept(used_s: float) -> None:
    assert "0 used more than 1.1 of their budget, and 0 less than 0.9" in analyse([row("wine", 10, used_s)])
