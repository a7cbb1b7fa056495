"""Networks and doublings of fronts are counted, beside those of another version."""

from __future__ import annotations

import json

from front_sizes import analyse, covered


def row(data: str, budget_s: float, front: list[int], trained: list[int]) -> dict[str, str]:
    return {
        "data": data,
        "budget_s": str(budget_s),
        "front": json.dumps([[weights, 0.5, None] for weights in front]),
        "doublings": json.dumps(trained),
    }


def test_doublings_count_where_a_network_was_trained_to_the_end() -> None:
    assert covered(row("wine", 30, [8, 15, 64, 1024], [3, 4, 5, 6])) == (4, 2, 4)
    assert covered(row("wine", 30, [], [])) == (0, 0, 0)


def test_budgets_and_versions_stand_side_by_side() -> None:
    before = [row("wine", 30, [8], [3, 4]), row("vowel", 30, [8, 16], [3, 4])]
    now = [row("wine", 30, [8, 16], [3, 4]), row("wine", 30, [8, 9], [3, 4]), row("wine", 60, [8], [3])]
    text = analyse([(", before", before), (", now", now)])
    heads = "| data | 30 s, before: networks | doublings | 30 s, now: networks | doublings |"
    assert heads in text
    assert "| wine | 1 | 1 of 2 | 2 | 1.5 of 2 |  |  | 1 | 1 of 1 |" in text
    assert "| vowel | 2 | 2 of 2 |  |  |  |  |  |  |" in text
    assert "| mean | 1.5 | 1.5 of 2 | 2 | 1.5 of 2 |  |  | 1 | 1 of 1 |" in text
