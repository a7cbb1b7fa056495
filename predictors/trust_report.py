"""Trust in words: lines for people and a dictionary for machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from predictors.trust import Baseline, Ceiling, Coverage, Estimate, FamilyTrust, LearningCurve, Skill, Trust
from predictors.trust.families import LEAST_NETWORKS, MOST_FAMILIES
from predictors.trust.scores import top_k

MOST_NAMES = 4
LABEL_WIDTH = 26
COLUMN_WIDTH = 18


def trust_lines(trust: Trust) -> list[str]:
    """All that is known of how far to trust a predictor, as lines of plain text.

    Every number stands with its standard error, after "+-".
    """
    fold = trust.n // trust.n_folds
    how_often = "once" if trust.n_repeats == 1 else f"{trust.n_repeats} times"
    lines = [
        f"{trust.n} networks, {trust.n_features} features, scores of standard deviation {trust.deviation:.4g}; "
        f"{trust.n_folds}-fold cross-validation, {how_often}; +- is a standard error.",
        *([grouping_sentence(trust)] if trust.n_grouped else []),
        verdict(trust),
        "",
        _row("", "Kendall tau", "Spearman", "R2 of the scores", f"regret of top {top_k(fold)} of {fold}"),
        _skill_row("predictor", trust.skill),
        *_baseline_rows("size alone", trust.size),
        *_baseline_rows("size and training", trust.training),
        *_ceiling_rows(trust.ceiling),
        "",
        *family_sentences(trust),
        "",
        coverage_sentence(trust.coverages),
        _row("intervals", "hold", "mean width"),
        *(_row(f"{one.promised:.0%}", _percent(one.held), f"{one.width:.4g}") for one in trust.coverages),
    ]
    if trust.curve is not None:
        lines += ["", curve_sentence(trust.curve), _row("learned from", "Kendall tau")]
        lines += [_row(f"{point.n_learned} networks", str(point.tau)) for point in trust.curve.points]
    if trust.left_out:
        lines += ["", f"The time was up. Left out: {_listed(trust.left_out)}."]
    return lines


def to_dict(trust: Trust) -> dict[str, Any]:
    """All numbers and sentences, as JSON has them; None where a number is infinite or a part is missing."""
    numbers = asdict(trust)
    numbers["beats_size"] = trust.beats_size
    numbers["knows_wiring"] = trust.knows_wiring
    numbers["verdict"] = verdict(trust)
    numbers["sentences"] = [
        *([grouping_sentence(trust)] if trust.n_grouped else []),
        *family_sentences(trust),
        coverage_sentence(trust.coverages),
        *([] if trust.curve is None else [curve_sentence(trust.curve)]),
    ]
    plain: dict[str, Any] = _plain(numbers)
    return plain


def grouping_sentence(trust: Trust) -> str:
    """How many networks stay in one fold with others."""
    return (
        f"{trust.n_grouped} of the networks have the same features as another, or are of one group with it: they are "
        f"kept in one fold, {trust.n_groups} groups in all."
    )


def verdict(trust: Trust) -> str:
    """How far to trust it, in two or three sentences."""
    tau = trust.skill.tau
    if not trust.ranks:
        return f"Do not trust it: its Kendall tau on networks that it has not seen is {tau}, and chance is 0."
    share = f"it puts {50 * (1 + tau.value):.0f} of 100 pairs of networks that it has not seen in the right order"
    skill = f"Its Kendall tau is {tau}: {share}. {_beside_size(trust.size)}"
    return f"{skill} {_beside_training(trust)}" if trust.beats_size else skill


def _beside_size(size: Baseline | None) -> str:
    if size is None:
        return "There was no time to compare it with size alone."
    if not size.names:
        return "No feature is known to tell size, so whether it beats size alone is not known."
    alone, gain = f"size alone ({_listed(size.names)})", size.advantage.tau
    return f"It beats {alone} by {gain}." if size.is_beaten else f"It does not beat {alone}: the difference is {gain}."


def _beside_training(trust: Trust) -> str:
    """What of the wiring it knows, if anything."""
    if not trust.training_names:
        return (
            "No feature tells how the networks were trained. If all were trained alike, what it knows beyond size is "
            "their wiring."
        )
    if trust.training is None:
        return "There was no time to compare it with size and training together."
    both, gain = f"size and training together ({_listed(trust.training_names)})", trust.training.advantage.tau
    if trust.training.is_beaten:
        return f"It beats {both} by {gain}: it knows something of the wiring."
    return f"It does not beat {both}: the difference is {gain}, and nothing shows that it knows the wiring."


def family_sentences(trust: Trust) -> list[str]:
    """What is to be thought of its predictions on families of networks that it has not seen."""
    beaten = "size and training together" if trust.training_names else "size alone"
    n_small = len(trust.known_families) - MOST_FAMILIES
    small = [f"The {n_small} smaller families were not judged one by one."] if n_small > 0 else []
    return [
        *(family_sentence(one, beaten) for one in trust.families),
        *(small if trust.families else []),
        unseen_sentence(trust.known_families),
    ]


def family_sentence(told: FamilyTrust, baseline: str) -> str:
    """Whether to trust it on a family that it has not learned from, with the numbers.

    Args:
        told: What is known.
        baseline: What the baseline knows, in words.
    """
    if min(told.n, told.n_learned) < LEAST_NETWORKS:
        return (
            f"Do not trust it on {told.family}: {told.n} networks to judge on and {told.n_learned} of other families "
            "to learn from are too few to tell."
        )
    fitted = f"fitted on {_listed(told.fitted_on)}" if told.fitted_on else "fitted on others"
    numbers = f"{fitted}, its Kendall tau there is {told.tau} (chance: 0) and its R2 {told.r2}"
    far = f"{told.share_outside:.0%} of these networks are unlike any that it learned from."
    if not told.ranks:
        return f"Do not trust it on {told.family}: {numbers}; {far}"
    if not told.scores:
        return (
            f"Do not trust its scores on {told.family}: {numbers}. It ranks them better than chance, but its scores do "
            f"not beat the mean score of the family; {far}"
        )
    if not told.is_trusted:
        return (
            f"Do not trust it on {told.family} more than {baseline}: {numbers}, but it does not beat {baseline} there, "
            f"the difference in tau is {told.advantage}; {far}"
        )
    return f"It may be trusted on {told.family}: {numbers}; {far}"


def unseen_sentence(known_families: Sequence[str]) -> str:
    """What is to be thought of families that occur in no example."""
    if len(known_families) == 1:
        return f"It has only seen {known_families[0]}: nothing is known about any other family; do not trust it there."
    if known_families:
        return f"It has only seen {_listed(known_families)}: do not trust it on any other family."
    return "The families of these networks are not known, and so neither is how it does on others."


def coverage_sentence(coverages: Sequence[Coverage]) -> str:
    """Whether the intervals hold as many scores as they promise."""
    narrow = [one for one in coverages if one.is_too_narrow]
    wide = [one for one in coverages if one.is_too_wide]
    if narrow:
        return f"Its intervals are too narrow, do not rely on them: {_held(narrow)}."
    if wide:
        return f"Its intervals are wider than they need be: {_held(wide)}."
    return f"Its intervals hold what they promise: {_held(coverages[-2:-1])}."


def curve_sentence(curve: LearningCurve) -> str:
    """Whether more networks to learn from would help."""
    if curve.last_gain is None:
        return f"Whether more networks would help is not known: {curve.points[-1].n_learned} are too few to halve."
    half, full = (point.n_learned for point in curve.points[-2:])
    gain = f"from {half} to {full} networks, tau changed by {curve.last_gain}"
    if curve.is_rising:
        return f"More networks to learn from would help: {gain}."
    return f"Whether more networks to learn from would help does not show: {gain}."


def _ceiling_rows(ceiling: Ceiling | None) -> list[str]:
    if ceiling is None:
        return ["The highest that can be reached is not known: train some networks with several seeds."]
    return [
        _row("highest reachable", str(ceiling.highest_tau), "", str(ceiling.reliability)),
        _row("one training, others' mean", str(ceiling.one_against_others)),
        _row("one training, another", str(ceiling.one_against_one)),
    ]


def _baseline_rows(label: str, baseline: Baseline | None) -> list[str]:
    if baseline is None:
        return []
    name = label if baseline.names else "expecting the mean"
    return [_skill_row(name, baseline.skill), _skill_row("  difference", baseline.advantage)]


def _skill_row(label: str, skill: Skill) -> str:
    return _row(label, *map(str, (skill.tau, skill.spearman, skill.r2, skill.regret)))


def _row(label: str, *cells: str) -> str:
    return (f"{label:<{LABEL_WIDTH}}" + "".join(f"  {cell:<{COLUMN_WIDTH}}" for cell in cells)).rstrip()


def _held(coverages: Sequence[Coverage]) -> str:
    promised = _listed([f"{one.promised:.0%}" for one in coverages])
    held = _listed([f"{one.held.value:.0%}" for one in coverages])
    return f"its {promised} intervals hold {held} of the scores that it had not seen"


def _percent(share: Estimate) -> str:
    return f"{100 * share.value:.1f} +- {100 * share.error:.1f} %"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        shown.append(f"{len(names) - MOST_NAMES} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _plain(value: Any) -> Any:
    """The same without infinite numbers, which JSON has not, and tuples."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
