from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from predictors.trust import (
    Baseline,
    Ceiling,
    Coverage,
    CurvePoint,
    Estimate,
    FamilyTrust,
    LearningCurve,
    Skill,
    Trust,
)
from predictors.trust.families import MOST_FAMILIES
from predictors.trust_report import (
    coverage_sentence,
    curve_sentence,
    family_sentence,
    to_dict,
    trust_lines,
    unseen_sentence,
    verdict,
)


def skill(tau: float, error: float = 0.03) -> Skill:
    one = Estimate(tau, error)
    return Skill(one, one, one, Estimate(0.01, 0.002))


def told(tau: float = 0.05, r2: float = -0.4, n: int = 100, advantage: float = 0.1) -> FamilyTrust:
    return FamilyTrust(
        family="barabasi-albert",
        fitted_on=("watts-strogatz",),
        n=n,
        n_learned=90,
        tau=Estimate(tau, 0.06),
        spearman=Estimate(tau, 0.06),
        r2=Estimate(r2, 0.1),
        advantage=Estimate(advantage, 0.02),
        share_outside=0.58,
    )


@pytest.fixture
def trust() -> Trust:
    return Trust(
        n=200,
        n_features=23,
        n_groups=200,
        n_grouped=0,
        n_folds=5,
        n_repeats=3,
        n_learned=160,
        deviation=0.0475,
        skill=skill(0.5),
        size=Baseline(("nodes", "edges"), skill(0.44), skill(0.06, 0.02)),
        training=Baseline(("nodes", "edges", "dropout"), skill(0.47), skill(0.03, 0.02)),
        training_names=("dropout",),
        ceiling=Ceiling(
            n_networks=200,
            n_trainings=3.0,
            between=0.2,
            within=0.1,
            reliability=Estimate(0.668, 0.01),
            noise_ratio=1.2,
            highest_tau=Estimate(0.61, 0.01),
            one_against_others=Estimate(0.269, 0.01),
            one_against_one=Estimate(0.183, 0.01),
        ),
        known_families=("barabasi-albert", "watts-strogatz"),
        families=(told(),),
        coverages=tuple(Coverage(p, Estimate(p, 0.02), p) for p in (0.5, 0.8, 0.9, 0.95)),
        curve=LearningCurve(
            (CurvePoint(80, Estimate(0.4, 0.03)), CurvePoint(160, Estimate(0.5, 0.03))), Estimate(0.1, 0.02)
        ),
        left_out=(),
    )


def beside(baseline: Baseline | None, advantage: float) -> Baseline:
    assert baseline is not None
    return replace(baseline, advantage=skill(advantage, 0.03))


def test_the_verdict_says_what_wiring_adds(trust: Trust) -> None:
    assert verdict(trust) == (
        "Its Kendall tau is 0.500 +- 0.030: it puts 75 of 100 pairs of networks that it has not seen in the right "
        "order. It beats size alone (nodes and edges) by 0.060 +- 0.020. It beats size and training together (dropout) "
        "by 0.030 +- 0.020: it knows something of the wiring."
    )


def test_the_verdict_gives_no_credit_to_wiring_for_what_training_tells(trust: Trust) -> None:
    said = verdict(replace(trust, training=beside(trust.training, 0.02)))
    assert "It beats size alone" in said
    assert said.endswith("the difference is 0.020 +- 0.030, and nothing shows that it knows the wiring.")


def test_the_verdict_says_nothing_of_wiring_without_both_baselines(trust: Trust) -> None:
    no_better = verdict(replace(trust, size=beside(trust.size, 0.02)))
    assert no_better.endswith("It does not beat size alone (nodes and edges): the difference is 0.020 +- 0.030.")
    untold = replace(trust, training=None, training_names=())
    assert verdict(untold).endswith("If all were trained alike, what it knows beyond size is their wiring.")
    late = replace(trust, training=None, left_out=("size and training together",))
    assert verdict(late).endswith("There was no time to compare it with size and training together.")
    assert verdict(replace(late, size=None)).endswith("There was no time to compare it with size alone.")
    assert not any(one.knows_wiring for one in (untold, late, replace(trust, size=None)))


def test_the_verdict_on_what_ranks_nothing(trust: Trust) -> None:
    useless = replace(trust, skill=skill(0.05))
    assert verdict(useless) == (
        "Do not trust it: its Kendall tau on networks that it has not seen is 0.050 +- 0.030, and chance is 0."
    )


def test_the_verdict_without_size_features_leaves_size_open(trust: Trust) -> None:
    assert trust.size is not None
    assert "whether it beats size alone is not known" in verdict(replace(trust, size=replace(trust.size, names=())))


@pytest.mark.parametrize(
    ("family", "sentence"),
    [
        (
            told(),
            "Do not trust it on barabasi-albert: fitted on watts-strogatz, its Kendall tau there is 0.050 +- 0.060 "
            "(chance: 0) and its R2 -0.400 +- 0.100; 58% of these networks are unlike any that it learned from.",
        ),
        (
            told(tau=0.3),
            "Do not trust its scores on barabasi-albert: fitted on watts-strogatz, its Kendall tau there is 0.300 +- "
            "0.060 (chance: 0) and its R2 -0.400 +- 0.100. It ranks them better than chance, but its scores do "
            "not beat the mean score of the family; 58% of these networks are unlike any that it learned from.",
        ),
        (
            told(tau=0.5, r2=0.4),
            "It may be trusted on barabasi-albert: fitted on watts-strogatz, its Kendall tau there is 0.500 +- 0.060 "
            "(chance: 0) and its R2 0.400 +- 0.100; 58% of these networks are unlike any that it learned from.",
        ),
        (
            told(tau=0.5, r2=0.4, advantage=0.01),
            "Do not trust it on barabasi-albert more than size alone: fitted on watts-strogatz, its Kendall tau there "
            "is 0.500 +- 0.060 (chance: 0) and its R2 0.400 +- 0.100, but it does not beat size alone there, the "
            "difference in tau is 0.010 +- 0.020; 58% of these networks are unlike any that it learned from.",
        ),
        (
            told(tau=0.9, n=4),
            "Do not trust it on barabasi-albert: 4 networks to judge on and 90 of other families to learn from are too "
            "few to tell.",
        ),
    ],
)
def test_families_are_told_in_words_with_the_numbers(family: FamilyTrust, sentence: str) -> None:
    assert family_sentence(family, "size alone") == sentence


@pytest.mark.parametrize(
    ("families", "sentence"),
    [
        (("ws",), "It has only seen ws: nothing is known about any other family; do not trust it there."),
        (("ba", "ws"), "It has only seen ba and ws: do not trust it on any other family."),
        (tuple("abcdef"), "It has only seen a, b, c, d and 2 more: do not trust it on any other family."),
        ((), "The families of these networks are not known, and so neither is how it does on others."),
    ],
)
def test_families_that_were_not_seen(families: tuple[str, ...], sentence: str) -> None:
    assert unseen_sentence(families) == sentence


@pytest.mark.parametrize(
    ("held", "start"),
    [
        (0.9, "Its intervals hold what they promise: its 90% intervals hold 90% of the scores that it had not seen."),
        (
            0.7,
            "Its intervals are too narrow, do not rely on them: its 90% intervals hold 70% of the scores that it had "
            "not seen.",
        ),
        (
            0.99,
            "Its intervals are wider than they need be: its 90% intervals hold 99% of the scores that it had not seen.",
        ),
    ],
)
def test_intervals_are_judged(held: float, start: str) -> None:
    right = Coverage(0.95, Estimate(0.95, 0.02), 1.0)
    assert coverage_sentence((Coverage(0.9, Estimate(held, 0.02), 1.0), right)) == start


def test_all_coverages_that_are_missed_are_told() -> None:
    missed = tuple(
        Coverage(promised, Estimate(held, 0.01), 1.0) for promised, held in ((0.5, 0.4), (0.8, 0.8), (0.9, 0.7))
    )
    assert coverage_sentence(missed).endswith(
        "its 50% and 90% intervals hold 40% and 70% of the scores that it had not seen."
    )


def test_the_curve_says_whether_more_would_help(trust: Trust) -> None:
    assert trust.curve is not None
    assert curve_sentence(trust.curve) == (
        "More networks to learn from would help: from 80 to 160 networks, tau changed by 0.100 +- 0.020."
    )
    flat = replace(trust.curve, last_gain=Estimate(0.03, 0.02))
    assert curve_sentence(flat).startswith("Whether more networks to learn from would help does not show")
    short = LearningCurve(trust.curve.points[:1], None)
    assert curve_sentence(short) == "Whether more networks would help is not known: 80 are too few to halve."


def test_lines_hold_every_part_and_their_columns_are_aligned(trust: Trust) -> None:
    lines = trust_lines(trust)
    text = "\n".join(lines)
    for part in (
        verdict(trust),
        "5-fold cross-validation, 3 times; +- is a standard error.",
        family_sentence(told(), "size and training together"),
        "regret of top 2 of 40",
        "0.610 +- 0.010",
        "size and training",
        "0.470 +- 0.030",
        "0.668 +- 0.010",
        "0.269 +- 0.010",
        "160 networks",
    ):
        assert part in text
    header = next(line for line in lines if "Kendall tau" in line and "Spearman" in line)
    predictor = next(line for line in lines if line.startswith("predictor"))
    assert predictor.index("0.500") == header.index("Kendall tau")
    assert predictor.index("0.010 +-") == header.index("regret")
    assert text.isascii() and all(line == line.rstrip() for line in lines)


def test_lines_say_what_is_missing(trust: Trust) -> None:
    assert trust.size is not None
    size = replace(trust.size, names=())
    lines = trust_lines(
        replace(trust, ceiling=None, curve=None, families=(), n_groups=20, n_grouped=190, n_repeats=1, size=size)
    )
    assert "The highest that can be reached is not known: train some networks with several seeds." in lines
    assert "5-fold cross-validation, once;" in lines[0]
    assert lines[1] == (
        "190 of the networks have the same features as another, or are of one group with it: they are kept in one "
        "fold, 20 groups in all."
    )
    assert any(line.startswith("expecting the mean") for line in lines)


def test_the_dictionary_is_json_and_holds_numbers_and_sentences(trust: Trust) -> None:
    unbounded = replace(trust, coverages=(*trust.coverages[:3], Coverage(0.95, Estimate(1.0, 0.0), math.inf)))
    plain = to_dict(unbounded)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["skill"]["tau"] == {"value": 0.5, "error": 0.03}
    assert plain["coverages"][3]["width"] is None
    assert plain["beats_size"] is True and plain["knows_wiring"] is True and plain["verdict"] == verdict(trust)
    assert family_sentence(told(), "size and training together") in plain["sentences"] and len(plain["sentences"]) == 4
    assert to_dict(replace(trust, ceiling=None, curve=None))["ceiling"] is None


def test_what_the_time_left_out_is_one_line(trust: Trust) -> None:
    late = replace(trust, training=None, left_out=("size and training together", "2 families of networks"))
    lines = trust_lines(late)
    assert lines[-1] == "The time was up. Left out: size and training together and 2 families of networks."
    assert not any(line.startswith("size and training") for line in lines)


def test_families_that_are_too_small_to_be_judged_are_counted(trust: Trust) -> None:
    known = tuple(f"family {number}" for number in range(MOST_FAMILIES + 3))
    assert "The 3 smaller families were not judged one by one." in trust_lines(replace(trust, known_families=known))
