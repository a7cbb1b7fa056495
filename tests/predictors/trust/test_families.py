from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from predictors.examples import Examples
from predictors.regressors.protocol import Make
from predictors.trust.families import MOST_FAMILIES, FamilyTrust, leave_one_family_out, trust_on
from predictors.trust.scores import kendall_tau, r_squared, spearman

Draw = Callable[..., Examples]


def judged(examples: Examples, make: Make) -> list[FamilyTrust]:
    """All families, with baselines of the same kind."""
    return list(leave_one_family_out(examples, make, make, seed=0))


def test_each_family_is_predicted_from_the_others(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    first, second = judged(examples, least_squares)
    assert (first.family, first.fitted_on) == ("barabasi-albert", ("watts-strogatz",))
    assert (second.family, second.fitted_on) == ("watts-strogatz", ("barabasi-albert",))
    rows, targets = examples.rows, examples.targets
    predicted = least_squares(0).fit(rows[1::2], targets[1::2]).predict(rows[::2]).mean
    for told, score in ((first.tau, kendall_tau), (first.spearman, spearman), (first.r2, r_squared)):
        assert told.value == pytest.approx(score(targets[::2], predicted))
        assert 0.01 < told.error < 0.3
    assert (first.n, first.n_learned) == (30, 30)
    by_size = least_squares(0).fit(rows[1::2, :1], targets[1::2]).predict(rows[::2, :1]).mean
    assert first.advantage is not None
    assert first.advantage.value == pytest.approx(first.tau.value - kendall_tau(targets[::2], by_size))


def test_a_rule_that_holds_in_both_families_is_trusted(draw_examples: Draw, least_squares: Make) -> None:
    assert all(told.is_trusted for told in judged(draw_examples(0), least_squares))


def test_a_rule_that_is_turned_round_is_not(draw_examples: Draw, least_squares: Make) -> None:
    told = judged(draw_examples(0, structure=3.0, shift=2.0), least_squares)
    assert [one.ranks or one.is_trusted for one in told] == [False, False]


def test_ranks_may_carry_over_where_scores_do_not(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    is_ws = np.array(examples.families) == "watts-strogatz"
    raised = replace(examples, targets=examples.targets + 10.0 * is_ws)
    told = judged(raised, least_squares)
    assert [(one.ranks, one.is_trusted) for one in told] == [(True, False)] * 2
    assert told[0].r2.value < -5


def test_what_size_alone_tells_as_well_is_no_reason_for_trust(draw_examples: Draw, least_squares: Make) -> None:
    told = judged(draw_examples(0, n=200, structure=0.0), least_squares)
    assert [(one.ranks, one.scores, one.is_trusted) for one in told] == [(True, True, False)] * 2
    without = judged(replace(draw_examples(0, n=200, structure=0.0), size_names=()), least_squares)
    assert [(one.advantage, one.is_trusted) for one in without] == [(None, True)] * 2


def test_few_networks_are_not_enough_for_trust(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0, n=200, n_seeds=50)
    families = ("rare",) * 9 + ("common",) * 191
    common, rare = judged(replace(examples, families=families), least_squares)
    assert not rare.is_trusted and rare.n == 9 and rare.tau.value > 0.5
    assert not common.is_trusted and common.n_learned == 9


def test_nothing_is_told_of_one_family_or_none(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    for families in ((), ("watts-strogatz",) * 60):
        assert judged(replace(examples, families=families), least_squares) == []


def test_asked_about_others_it_says_how_many_are_unlike(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    learned, asked = examples.take(np.arange(1, 60, 2)), examples.take(np.arange(0, 60, 2))
    far = replace(asked, rows=asked.rows + 100.0)
    near_told, far_told = (trust_on(learned, one, least_squares, least_squares, seed=0)[0] for one in (asked, far))
    assert near_told.share_outside < 0.5 and far_told.share_outside == 1.0
    assert near_told == judged(examples, least_squares)[0]


def test_without_families_the_others_are_unknown(draw_examples: Draw, least_squares: Make) -> None:
    examples = replace(draw_examples(0), families=())
    halves = examples.take(np.arange(30)), examples.take(np.arange(30, 60))
    (told,) = trust_on(*halves, least_squares, least_squares, seed=0)
    assert (told.family, told.fitted_on, told.n) == ("unknown", (), 30)


def test_other_features_are_refused(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0)
    other = replace(examples, names=("nodes", "b", "c", "d"))
    with pytest.raises(ValueError, match="fitted on features"):
        trust_on(examples, other, least_squares, least_squares, seed=0)


def test_the_baseline_knows_size_and_training(draw_examples: Draw, least_squares: Make) -> None:
    examples = draw_examples(0, n=200)
    (first, _), (told, _) = (judged(one, least_squares) for one in (examples, with_training(examples)))
    assert first.is_trusted and not told.is_trusted  # the second feature is all that there is beyond size
    assert told.advantage is not None and told.advantage.value == pytest.approx(0.0, abs=0.03)
    assert told.tau == first.tau


def with_training(examples: Examples) -> Examples:
    """As if the second feature told how the networks are trained."""
    return replace(examples, training_names=examples.names[1:2])


def test_the_largest_families_are_judged(draw_examples: Draw, least_squares: Make) -> None:
    sizes = {"g": 6, "a": 10, "f": 11, "e": 12, "d": 13, "c": 14, "b": 14}
    assert len(sizes) > MOST_FAMILIES
    families = tuple(name for name, size in sizes.items() for _ in range(size))
    examples = replace(draw_examples(0, n=sum(sizes.values())), families=families)
    assert [told.family for told in judged(examples, least_squares)] == ["b", "c", "d", "e", "f"]


def test_rows_of_a_group_of_the_family_are_not_learned_from(draw_examples: Draw, least_squares: Make) -> None:
    groups = np.arange(60)
    groups[1] = groups[0]  # of different families
    first, _ = judged(replace(draw_examples(0), groups=groups), least_squares)
    assert (first.n, first.n_learned) == (30, 29)
