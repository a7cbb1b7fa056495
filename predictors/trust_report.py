"""Trust in words: lines for people and a dictionary for machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from predictors.trust import Ceiling, Coverage, Estimate, FamilyTrust, LearningCurve, Skill, Trust
from predictors.trust.families import LEAST_NETWORKS
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
    together = f", {trust.n_groups} groups kept together" if trust.n_groups < trust.n else ""
    lines = [
        f"{trust.n} networks, {trust.n_features} features, scores of standard deviation {trust.deviation:.4g}; "
        f"{trust.n_folds}-fold cross-validation, {how_often}{together}; +- is a standard error.",
        verdict(trust),
        "",
        _row("", "Kendall tau", "Spearman", "R2", f"regret of top {top_k(fold)} of {fold}"),
        _skill_row("predictor", trust.skill),
        _skill_row("size alone" if trust.baseline_names else "expecting the mean", trust.baseline),
        _skill_row("difference", trust.advantage),
        *_ceiling_rows(trust.ceiling),
        "",
        *(family_sentence(one) for one in trust.families),
        unseen_sentence(trust.known_families),
        "",
        coverage_sentence(trust.coverages),
        _row("intervals", "hold", "mean width"),
        *(_row(f"{one.promised:.0%}", _percent(one.held), f"{one.width:.4g}") for one in trust.coverages),
    ]
    if trust.curve is not None:
        lines += ["", curve_sentence(trust.curve), _row("learned from", "Kendall tau")]
        lines += [_row(f"{point.n_learned} networks", str(point.tau)) for point in trust.curve.points]
    return lines


def to_dict(trust: Trust) -> dict[str, Any]:
    """All numbers and sentences, as JSON has them; None where a width is infinite or a part is missing."""
    numbers = asdict(trust)
    numbers["beats_baseline"] = trust.beats_baseline
    numbers["verdict"] = verdict(trust)
    numbers["sentences"] = [
        *(family_sentence(one) for one in trust.families),
        unseen_sentence(trust.known_families),
        coverage_sentence(trust.coverages),
        *([] if trust.curve is None else [curve_sentence(trust.curve)]),
    ]
    plain: dict[str, Any] = _plain(numbers)
    return plain


def verdict(trust: Trust) -> str:
    """How far to trust it, in two sentences."""
    tau, gain = trust.skill.tau, trust.advantage.tau
    if not trust.ranks:
        return f"Do not trust it: its Kendall tau on networks that it has not seen is {tau}, and chance is 0."
    share = f"it puts {50 * (1 + tau.value):.0f} of 100 pairs of networks that it has not seen in the right order"
    skill = f"Its Kendall tau is {tau}: {share}."
    if not trust.baseline_names:
        return f"{skill} No feature is known to tell size, so whether it beats size alone is not known."
    baseline = f"size alone ({_listed(trust.baseline_names)})"
    if trust.beats_baseline:
        return f"{skill} It beats {baseline} by {gain}: its other features add something."
    return f"{skill} It does not beat {baseline}, the difference is {gain}: do not use it to prune."


def family_sentence(told: FamilyTrust) -> str:
    """Whether to trust it on a family that it has not learned from, with the numbers."""
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
            f"Do not trust it on {told.family} more than size alone: {numbers}, but it does not beat size alone "
            f"there, the difference in tau is {told.advantage}; {far}"
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
        _row("highest reachable", f"about {ceiling.highest_tau:.3f}", "", str(ceiling.reliability)),
        _row("one training, others' mean", str(ceiling.one_against_others)),
        _row("one training, another", str(ceiling.one_against_one)),
    ]


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
