"""Roles: which column of a table is what, as the user wishes and else as its name and values tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from predictors.errors import PredictorError
from predictors.features import FAMILIES, SIZE_FEATURES
from predictors.features.recurrent import RECURRENT_SIZE_NAMES
from predictors.features.size import SIZE_NAMES
from predictors.features.training_genes import training_names
from predictors.tables.cells import Cells, is_missing
from predictors.tables.graph_files import SUFFIXES
from predictors.tables.recipe import Category, Recipe, read_graph
from predictors.tables.wording import did_you_mean, listed, quoted

TARGET_NAMES = ("target", "score", "accuracy", "val_accuracy", "test_accuracy")
GRAPH_NAMES = ("graph", "edges", "wiring")
FAMILY_NAMES = ("family", "prior", "generator")
SIZE_COLUMNS = frozenset(
    [*SIZE_NAMES, *RECURRENT_SIZE_NAMES, *SIZE_FEATURES]
    + [f"{start}{noun}" for start in ("", "n_", "num_") for noun in ("nodes", "edges", "params", "parameters")]
    + ["density", "network_density", "wiring_density", "sparsity", "flops", "vertices", "n_vertices"]
)
"""Names of columns that only tell how large a network is."""
OUTCOME_WORDS = frozenset({"acc", "accuracy", "loss", "err", "error", "score", "auc", "regret"})
"""In names of columns that are known only after training."""
IDENTIFIERS = frozenset({"id", "index", "name", "key", "row", "file", "hash", "seed"})
MOST_CATEGORIES = 20


@dataclass(frozen=True)
class Wishes:
    """What the user says of a table.

    Attributes:
        target: Column to predict.
        graph: Column of graphs.
        group: Rows with the same value of this column stay in one fold.
        family: Column with the graph prior.
        ignore: Columns to leave out; * stands for any text, but not for a column that is named above.
        size: Columns that only tell size, instead of those with known names; * as above.
        training: Columns that only tell how a network is trained, instead of those with known names; * as above.
        repeats: Columns with the scores of single trainings; * as above. Without a target, their mean is it.
        directed: Whether graphs have directions; None as each says.
        minimize: Whether lower targets are better.
        early_evidence: Whether the score at the first rung is a feature, of runs and tables that have one.
    """

    target: str | None = None
    graph: str | None = None
    group: str | None = None
    family: str | None = None
    ignore: tuple[str, ...] = ()
    size: tuple[str, ...] = ()
    training: tuple[str, ...] = ()
    repeats: tuple[str, ...] = ()
    directed: bool | None = None
    minimize: bool = False
    early_evidence: bool = False


@dataclass(frozen=True)
class Roles:
    """Which column is what.

    Attributes:
        target: Column to predict; None if it is the mean of `repeats`.
        repeats: Columns with scores of single trainings.
        group: Column of groups.
        recipe: Where the features come from.
        size_names: Features that only tell size.
        training_names: Features that only tell how networks are trained.
        notes: What was decided without being asked for, a sentence each.
    """

    target: str | None
    repeats: tuple[str, ...]
    group: str | None
    recipe: Recipe
    size_names: tuple[str, ...]
    training_names: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())


def assign_roles(cells: Cells, wishes: Wishes) -> Roles:
    """Decide which column is what.

    Raises:
        PredictorError: A column that is wished for is not there, or there is none to predict or to predict it from.
    """
    notes: list[str] = []
    ignored = set(_matching(cells, wishes.ignore, "--ignore"))
    repeats = tuple(_matching(cells, wishes.repeats, "--repeats"))
    ignored -= {wishes.target, wishes.graph, wishes.group, wishes.family}  # a name tells more than a pattern
    for column in (wishes.target, wishes.graph, wishes.group, wishes.family):
        if column is not None:
            cells.column(column)
            if column in wishes.ignore:
                raise PredictorError(f"Column {quoted(column)} is to be used and ignored; leave out one option.")
    target = wishes.target
    if target is None and not repeats:
        target = _find_target(cells, ignored, notes)
    taken = {*ignored, *repeats, target, wishes.group, wishes.family}
    left = [name for name in cells.columns if name not in taken]
    graph = wishes.graph or _find_graph(cells, left, wishes.directed, notes)
    family = wishes.family or _find_family(cells, left, graph, notes)
    left = [name for name in left if name not in (graph, family)]
    columns, categories = _find_features(cells, left, notes)
    recipe = Recipe(
        columns=columns,
        categories=categories,
        graph=graph,
        directed=wishes.directed,
        graph_families=() if graph is None else tuple((name, one.version) for name, one in FAMILIES.items()),
        family=family,
    )
    if not recipe.names:
        raise PredictorError(f"{cells.path} has no column to predict from; give numeric columns, or --graph COLUMN.")
    _warn_of_outcomes(columns, notes)
    size = _size_names(cells, recipe, wishes.size)
    training = _training_names(cells, recipe, wishes.training)
    return Roles(target, repeats, wishes.group, recipe, size, training, tuple(notes))


def _matching(cells: Cells, patterns: Sequence[str], option: str) -> list[str]:
    """Columns that are named by an option."""
    found: list[str] = []
    for pattern in patterns:
        matches = [name for name in cells.columns if name == pattern or fnmatchcase(name, pattern)]
        if not matches:
            raise PredictorError(
                f"{option} {quoted(pattern)}: {cells.path} has no such column; "
                f"{did_you_mean(pattern, list(cells.columns))}"
            )
        found += [name for name in matches if name not in found]
    return found


def _find_target(cells: Cells, ignored: set[str], notes: list[str]) -> str:
    candidates = [name for name in cells.columns if name.lower() in TARGET_NAMES and name not in ignored]
    if len(candidates) == 1:
        notes.append(f"The column to predict is {quoted(candidates[0])}.")
        return candidates[0]
    if candidates:
        raise PredictorError(f"{cells.path} has {listed(candidates)}; say by --target COLUMN which to predict.")
    numeric = cells.numeric()
    if not numeric:
        raise PredictorError(f"{cells.path} has no numeric column to predict; add the scores of the networks.")
    raise PredictorError(
        f"{cells.path} has no column named {', '.join(TARGET_NAMES)}; say by --target COLUMN which to predict. "
        f"Numeric columns: {listed(numeric, 15)}."
    )


def _find_graph(cells: Cells, left: Sequence[str], directed: bool | None, notes: list[str]) -> str | None:
    """A column that names files of a folder, or that has a known name and begins with a graph."""
    for name in left:
        cell = cells.columns[name][0]
        if cells.folder is not None and cell.endswith(SUFFIXES):
            notes.append(f"The graphs are in the files that column {quoted(name)} names.")
            return name
        if name.lower() in GRAPH_NAMES and not cells.is_numeric(name):
            if not _looks_like_graph(cells, cell, directed):
                notes.append(f"Column {quoted(name)} has no graphs: {quoted(cell)} is not a list of edges.")
                continue
            notes.append(f"The graphs are in column {quoted(name)}.")
            return name
    if cells.folder is not None:
        raise PredictorError(f"{cells.path} names no {' or '.join(SUFFIXES)} files; add a column with their names.")
    return None


def _looks_like_graph(cells: Cells, cell: str, directed: bool | None) -> bool:
    try:
        read_graph(cells, cell, directed)
    except PredictorError:
        # A graph with a fault is to be complained of, not to be taken for something else.
        return bool(cell) and (cell[0] in "{" or (cell[0].isdigit() and any(sign in cell for sign in "->")))
    return True


def _find_family(cells: Cells, left: Sequence[str], graph: str | None, notes: list[str]) -> str | None:
    for name in left:
        if name != graph and name.lower() in FAMILY_NAMES and not cells.is_numeric(name):
            notes.append(f"Families of graphs are told by column {quoted(name)}, which is not a feature.")
            return name
    return None


def _find_features(cells: Cells, left: Sequence[str], notes: list[str]) -> tuple[tuple[str, ...], tuple[Category, ...]]:
    columns: list[str] = []
    categories: list[Category] = []
    dropped: list[str] = []
    for name in left:
        values = sorted({cell for cell in cells.columns[name] if not is_missing(cell)})
        if cells.is_numeric(name):
            if is_identifier(cells, name):
                dropped.append(name)
            else:
                columns.append(name)
        elif 2 <= len(values) <= MOST_CATEGORIES and len(values) < cells.n_rows:
            categories.append(Category(column=name, values=tuple(values)))
        else:
            dropped.append(name)
    if categories:
        notes.append(f"Each value of {listed([one.column for one in categories])} is a feature.")
    if dropped:
        notes.append(
            f"Not features: {listed(dropped)}: identifiers, or text with one or more than {MOST_CATEGORIES} values."
        )
    return tuple(columns), tuple(categories)


def is_identifier(cells: Cells, name: str) -> bool:
    """Whether a column tells rows apart: all its cells differ, and its name says so or they are text."""
    cells_of = cells.columns[name]
    if len(set(cells_of)) < len(cells_of):
        return False
    return not cells.is_numeric(name) or bool(IDENTIFIERS & set(_words(name)))


def _size_names(cells: Cells, recipe: Recipe, wished: Sequence[str]) -> tuple[str, ...]:
    if not wished:
        return (*(name for name in recipe.columns if name.lower() in SIZE_COLUMNS), *recipe.graph_size_names)
    names = _matching(cells, wished, "--size")
    unused = [name for name in names if name not in recipe.columns]
    if unused:
        raise PredictorError(f"--size {quoted(unused[0])} is not among the numeric features; name one of these.")
    return tuple(names)


def _training_names(cells: Cells, recipe: Recipe, wished: Sequence[str]) -> tuple[str, ...]:
    if not wished:
        return training_names(recipe.names)
    columns = _matching(cells, wished, "--training")
    of_column = {name: (name,) for name in recipe.columns} | {one.column: one.names for one in recipe.categories}
    unused = [name for name in columns if name not in of_column]
    if unused:
        raise PredictorError(f"--training {quoted(unused[0])} is not among the features; name one of these.")
    return tuple(name for column in columns for name in of_column[column])


def _warn_of_outcomes(columns: Sequence[str], notes: list[str]) -> None:
    suspects = [name for name in columns if OUTCOME_WORDS & set(_words(name))]
    if suspects:
        notes.append(
            f"Are {listed(suspects)} known before training? If not, leave them out by --ignore; the skill would not be "
            "real."
        )


def _words(name: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in name.lower()).split()
