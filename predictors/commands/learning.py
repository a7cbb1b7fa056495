"""Learning a predictor from tables or runs, and judging it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from predictors.commands.progress import Steps
from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.predictor_file import SavedPredictor, checksum
from predictors.regressors import (
    AUTO,
    AUTO_NAMES,
    FAMILIES,
    TARGETS,
    Choice,
    Regressor,
    Target,
    choose,
    is_regressor,
    make_nested_auto,
    make_regressor,
    regressor_names,
    to_scale,
)
from predictors.tables import Source, Wishes, read_sources
from predictors.trust import Trust, assess
from predictors.trust_report import to_dict, trust_lines

FEW_NETWORKS = 500
"""The trust in a predictor of more networks is told from one repeat, because fits take long; of fewer, from three
repeats, or from two where each fold has to choose among the regressors anew."""


@dataclass(frozen=True)
class Choices:
    """How a predictor is learned.

    Attributes:
        regressor: As for `make_regressor`.
        transform: One of `TARGETS`.
        seed: 0 or more.

    Raises:
        PredictorError: There is no such regressor or transform, or the seed is negative.
    """

    regressor: str
    transform: str
    seed: int

    def __post_init__(self) -> None:
        if self.regressor != AUTO and not is_regressor(self.regressor):
            raise PredictorError(f'There is no regressor "{self.regressor}"; there are {regressor_names()}.')
        if self.transform not in TARGETS:
            raise PredictorError(f'There is no transform "{self.transform}"; give one of {", ".join(TARGETS)}.')
        if self.seed < 0:
            raise PredictorError(f"--seed is {self.seed}; give 0 or more.")


@dataclass(frozen=True, eq=False)
class Judged:
    """A source, the regressor for it, and how far to trust that.

    Attributes:
        source: What was read.
        regressor: Name of the regressor.
        transform: What of the targets it learns.
        trust: How far to trust it.
    """

    source: Source
    regressor: str
    transform: Target
    trust: Trust


def judge(sources: Sequence[str], wishes: Wishes, choices: Choices, steps: Steps, say: Callable[[str], None]) -> Judged:
    """Read the sources, choose a regressor unless one is named, and judge it by cross-validation.

    Raises:
        PredictorError: There is nothing to learn from, or it has a fault.
    """
    source = read_sources(sources, wishes, steps.counter("graphs described"))
    examples, transform = source.examples, TARGETS[TARGETS.index(choices.transform)]
    if transform == "logit" and (source.minimize or examples.targets.min() < 0 or examples.targets.max() > 1):
        raise PredictorError(
            f"Scores range from {examples.targets.min():g} to {examples.targets.max():g}; --transform logit needs "
            "accuracies from 0 to 1. Take ranks or plain."
        )
    for note in source.notes:
        say(note)

    def counted(make: Callable[[], Regressor]) -> Regressor:
        steps.advance("regressors fitted")
        return make()

    name, make_anew = choices.regressor, None
    if name == AUTO:
        choice = _choose(examples, transform, choices.seed)
        name = choice.name
        told = ", ".join(f"{one} {tau:.3f}" for one, tau in choice.taus.items())
        say(f"Chosen is {name}, by cross-validated Kendall tau: {told}. To judge it, each fold chooses anew.")

        def make_anew(seed: int) -> Regressor:
            return counted(partial(make_nested_auto, seed, transform))

    def make(seed: int) -> Regressor:
        return counted(partial(make_regressor, name, seed, transform))

    n_repeats = 1 if len(examples) > FEW_NETWORKS else 3 if make_anew is None else 2
    trust = assess(examples, make, choices.seed, n_repeats=n_repeats, make_anew=make_anew)
    return Judged(source, name, transform, trust)


def _choose(examples: Examples, transform: Target, seed: int) -> Choice:
    """What "auto" is for these examples, see `choose`."""
    families = {name: FAMILIES[name] for name in AUTO_NAMES}
    groups = examples.groups if len(examples.groups) else None
    return choose(examples.rows, to_scale(examples.targets, transform), families, seed, groups)


def saved(judged: Judged, seed: int) -> SavedPredictor:
    """The predictor file of what was judged."""
    source, examples = judged.source, judged.source.examples
    return SavedPredictor(
        sources=source.names,
        target=source.target,
        minimize=source.minimize,
        regressor=judged.regressor,
        transform=judged.transform,
        seed=seed,
        recipe=source.recipe,
        names=examples.names,
        size_names=examples.size_names,
        rows=tuple(map(tuple, examples.rows.tolist())),
        targets=tuple(examples.targets.tolist()),
        families=examples.families,
        trust=to_dict(judged.trust),
        trust_lines=tuple(trust_lines(judged.trust)),
    )


def about(predictor: SavedPredictor) -> list[str]:
    """What a predictor file is, as lines of plain text."""
    better = "lower" if predictor.minimize else "higher"
    shown = ", ".join(predictor.names[:12])
    more = f" and {len(predictor.names) - 12} more" if len(predictor.names) > 12 else ""
    recipe = predictor.recipe
    lines = [
        f"Predicts {predictor.target} ({better} is better) from {len(predictor.names)} features of a network.",
        f"Learned from: {len(predictor.targets)} networks of {', '.join(predictor.sources)}",
        f"Regressor:    {predictor.regressor}, targets {predictor.transform}, seed {predictor.seed}",
        f"Features:     {shown}{more}",
        f"Size alone:   {', '.join(predictor.size_names) or 'no feature is known to tell size'}",
    ]
    if recipe.graph is not None:
        families = ", ".join(f"{name} {version}" for name, version in recipe.graph_families)
        lines.append(f"Graphs:       column {recipe.graph}; families and versions: {families}")
    if recipe.space is not None:
        lines.append(f"Space:        {recipe.space}, features version {recipe.features_version}")
    if predictor.families:
        lines.append(f"Families:     {', '.join(sorted(set(predictor.families)))}")
    return [*lines, f"Checksum:     {checksum(predictor)}", "", *predictor.trust_lines]


def check_output(path: Path) -> None:
    """Raise PredictorError unless a file can be made at a path."""
    if path.exists():
        raise PredictorError(f"{path} exists already; choose another name, or remove it.")
    if not path.parent.is_dir():
        raise PredictorError(f"The folder {path.parent} does not exist; make it, or choose another.")
