"""Sources: tables and runs, read into examples that can be learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predictors.errors import PredictorError
from predictors.examples import Examples
from predictors.features.training_genes import training_names
from predictors.tables.cells import Cells, read_cells
from predictors.tables.network_table import final_scores, first_scores, is_network_table, network_features
from predictors.tables.recipe import Progress, Recipe
from predictors.tables.roles import SIZE_COLUMNS, Roles, Wishes, assign_roles
from predictors.tables.runs import find_run, read_runs
from predictors.tables.wording import quoted

FEWEST_ROWS = 10


@dataclass(frozen=True, eq=False)
class Source:
    """What was read.

    Attributes:
        names: File or folder names of what was read, without the folders that they are in.
        examples: Features and scores, larger is better.
        recipe: How the features came about.
        target: What is predicted.
        minimize: Whether the scores of the examples are those of the source, negated.
        notes: What the user should know, a sentence each.
    """

    names: tuple[str, ...]
    examples: Examples
    recipe: Recipe
    target: str
    minimize: bool
    notes: tuple[str, ...]


def read_sources(sources: Sequence[str], wishes: Wishes, progress: Progress | None = None) -> Source:
    """Read one table, or one or more runs.

    Args:
        sources: Paths; runs also by name.
        wishes: What the columns are; of runs nothing may be wished for.
        progress: As for `Recipe.rows`.

    Raises:
        PredictorError: There is nothing to learn from, or it has a fault; the message says what and where.
    """
    runs = [path for source in sources if (path := find_run(source)) is not None]
    if not runs and len(sources) == 1:
        return _read_table(Path(sources[0]), wishes, progress)
    if len(runs) < len(sources):
        table = next(source for source in sources if find_run(source) is None)
        raise PredictorError(f"{table} is not the folder of a run; give one table, or only runs of nas search.")
    changed = [
        one.name for one in fields(Wishes) if getattr(wishes, one.name) != one.default and one.name != "early_evidence"
    ]
    if changed:
        raise PredictorError(f"--{changed[0]} is for tables; runs have no columns to choose. Leave it out.")
    if len({run.resolve() for run in runs}) < len(runs):
        raise PredictorError("A run is given twice; give each once.")
    examples, recipe = read_runs(runs, early_evidence=wishes.early_evidence)
    where = ", ".join(map(str, runs))
    _check(examples, where, "score")
    return Source(tuple(run.resolve().name for run in runs), examples, recipe, "score", False, ())


def _read_table(path: Path, wishes: Wishes, progress: Progress | None) -> Source:
    cells = read_cells(path)
    if is_network_table(list(cells.columns)) and not (wishes.target or wishes.repeats or wishes.graph):
        roles = _network_roles(cells, wishes)
    elif wishes.early_evidence:
        raise PredictorError(f"{path} is no table of nas table build; --early-evidence is for those and for runs.")
    else:
        roles = assign_roles(cells, wishes)
    sign = -1.0 if wishes.minimize else 1.0
    repeats = _repeats(cells, roles.repeats)
    if roles.target is None:
        assert repeats is not None  # without a target there are repeats
        targets, target = np.nanmean(repeats, axis=1), f"mean of {len(roles.repeats)} scores"
    else:
        targets, target = cells.numbers(roles.target), roles.target
    _check_targets(cells.path, targets, target)
    rows, _ = roles.recipe.rows(cells, progress)
    examples = Examples(
        names=roles.recipe.names,
        rows=rows,
        targets=sign * targets,
        repeats=None if repeats is None else sign * repeats,
        size_names=roles.size_names,
        training_names=roles.training_names,
        families=roles.recipe.families(cells),
        groups=_groups(cells, roles.group),
    )
    _check(examples, cells.path, target)
    return Source((Path(cells.path).name,), examples, roles.recipe, target, wishes.minimize, roles.notes)


def _network_roles(cells: Cells, wishes: Wishes) -> Roles:
    """Those of a table that `nas table build` wrote; they need not be asked for."""
    names = list(cells.columns)
    for name in wishes.ignore:
        cells.column(name)
    columns = tuple(name for name in network_features(names) if name not in wishes.ignore)
    columns += first_scores(names) if wishes.early_evidence else ()
    size = tuple(name for name in columns if name in (wishes.size or SIZE_COLUMNS))
    repeats = final_scores(names)
    note = f"It is a table of nas table build: the mean of {quoted(repeats[0])} and its like is predicted."
    recipe = Recipe(columns=columns, family=wishes.family or "prior")
    training = tuple(name for name in columns if name in wishes.training) or training_names(columns)
    return Roles(None, repeats, wishes.group, recipe, size, training, (note,))


def _repeats(cells: Cells, names: Sequence[str]) -> NDArray[np.float64] | None:
    """Scores of single trainings; cells may be missing, but not all of a row."""
    if not names:
        return None
    repeats = np.column_stack([cells.numbers(name, may_miss=True) for name in names])
    none = np.flatnonzero(np.isnan(repeats).all(axis=1))
    if len(none):
        raise cells.error(int(none[0]), names[0], "no score of any training is given", "Remove the row.")
    return repeats


def _groups(cells: Cells, name: str | None) -> NDArray[np.int64]:
    if name is None:
        return np.empty(0, np.int64)
    return np.unique(np.array(cells.text(name), dtype=np.str_), return_inverse=True)[1].astype(np.int64)


def _check_targets(where: str, targets: NDArray[np.float64], target: str) -> None:
    if len(targets) < FEWEST_ROWS:
        raise PredictorError(f"{where} has {len(targets)} rows; give at least {FEWEST_ROWS}.")
    if (targets == targets[0]).all():
        raise PredictorError(
            f"{where}, column {quoted(target)}: all {len(targets)} values are {targets[0]:g}, there is nothing to "
            "predict. Choose another --target."
        )


def _check(examples: Examples, where: str, target: str) -> None:
    _check_targets(where, examples.targets, target)
    if len(examples.groups) and (examples.groups == examples.groups[0]).all():
        raise PredictorError(f"{where}: all rows are of one group; at least two groups are needed. Leave out --group.")
