from __future__ import annotations

from dataclasses import replace

import pytest
from candidates import sampled
from hypothesis import given
from hypothesis import strategies as st

from nas.operators import LEAST_SHARE, OPERATORS, REMEMBERED, USUAL_SHARES, operator_of, shares, tally
from search_spaces.sparse_training import STATIC

counts = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda pair: (max(pair), min(pair)))
tallies = st.lists(st.dictionaries(st.sampled_from(OPERATORS), counts), max_size=12)


def test_the_operator_is_told_by_the_genotype_and_the_number_of_parents() -> None:
    genotype = replace(sampled(0), sparse_training=STATIC)
    assert [operator_of(genotype, parents) for parents in ((), ("a",), ("a", "b"))] == ["drawn", "mutated", "crossed"]
    further = replace(genotype, sparse_training=replace(STATIC, further=(0.5,)))
    assert operator_of(further, ("a",)) == "pruned further"


def test_what_is_better_than_all_of_its_size_and_of_smaller_ones_enters_the_front() -> None:
    best = {6: 0.8, 7: 0.9}  # 64 to 127 weights, 128 to 255
    children = [
        ("drawn", 0.85, 100),  # the best of its size
        ("drawn", 0.85, 101),  # no better than that
        ("mutated", 0.85, 200),  # a smaller one is as good
        ("mutated", None, 100),  # stopped
        ("crossed", 0.95, 200),
        ("crossed", 0.1, 10),  # the first of its size, and of no use
        ("pruned further", 0.86, 50),  # better than larger ones
    ]
    found, after = tally(children, best)  # type: ignore[arg-type]
    assert found == {"drawn": (2, 1), "mutated": (2, 0), "crossed": (2, 1), "pruned further": (1, 1)}
    assert after == {6: 0.85, 7: 0.95, 3: 0.1, 5: 0.86}
    assert best == {6: 0.8, 7: 0.9}


@given(tallies)
def test_shares_are_shares_and_none_dies_out(given_tallies: list[dict]) -> None:
    found = shares(given_tallies)
    assert sum(found.values()) == pytest.approx(1.0)
    assert min(found.values()) >= LEAST_SHARE


def test_success_raises_a_share_and_what_is_long_ago_is_forgotten() -> None:
    before = shares([])
    assert before == pytest.approx({name: LEAST_SHARE + 0.8 * share for name, share in USUAL_SHARES.items()})
    successful = {"drawn": (5, 0), "mutated": (5, 0), "crossed": (5, 0), "pruned further": (5, 4)}
    after = shares([successful] * 2)  # type: ignore[list-item]
    assert after["pruned further"] > 1.5 * before["pruned further"]
    forgotten = [successful, *[{"mutated": (5, 1)}] * REMEMBERED]
    assert shares(forgotten)["pruned further"] < after["pruned further"] / 1.5  # type: ignore[arg-type]
