"""Recipe: how rows of features are made of a table, so that other tables are read the same way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from predictors.errors import PredictorError
from predictors.features import FAMILIES, FEATURES_VERSION, SIZE_FEATURES, Graph, describe_graph, names_of
from predictors.tables.cells import Cells
from predictors.tables.graph_files import SUFFIXES, read_graph_file
from predictors.tables.graph_text import parse_graph
from predictors.tables.wording import listed

GRAPH_PREFIX = "graph."
"""Before the names of features of the graphs, so that they are never those of columns."""

Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""


class Category(BaseModel):
    """A text column. Each of its values becomes a feature that is 1 where the value occurs and 0 elsewhere.

    Attributes:
        column: The column.
        values: Its values, sorted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    values: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its features, one for each value."""
        return tuple(f"{self.column}={value}" for value in self.values)


class Recipe(BaseModel):
    """Where features come from.

    Attributes:
        columns: Numeric columns.
        categories: Text columns.
        graph: Column of graphs, or of names of files; None if there are none.
        directed: Whether graphs are read with directions; None as each says.
        graph_families: Families of features of the graphs with their versions, in order.
        family: Text column that says which graph prior a network was drawn from; None if it is not known.
        space: Search space, where the columns are the features that `predictors.extract` gives; else None.
        features_version: Version of these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    graph: str | None = None
    directed: bool | None = None
    graph_families: tuple[tuple[str, int], ...] = ()
    family: str | None = None
    space: str | None = None
    features_version: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return (
            *self.columns,
            *(name for category in self.categories for name in category.names),
            *(f"{GRAPH_PREFIX}{name}" for name in self._graph_names()),
        )

    @property
    def graph_size_names(self) -> tuple[str, ...]:
        """Those features of the graphs that only tell size."""
        return tuple(f"{GRAPH_PREFIX}{name}" for name in self._graph_names() if name in SIZE_FEATURES)

    def check_versions(self) -> None:
        """Raise PredictorError unless this version computes the features as they were when the recipe was made."""
        for name, version in self.graph_families:
            if name not in FAMILIES or FAMILIES[name].version != version:
                raise PredictorError(
                    f'The predictor was made with version {version} of the graph features "{name}", which this version '
                    "does not compute. Train it again."
                )
        if self.features_version not in (None, FEATURES_VERSION):
            raise PredictorError(
                f"The predictor was made with version {self.features_version} of the features of a search, and this "
                f"version computes {FEATURES_VERSION}. Train it again."
            )

    def rows(self, cells: Cells, progress: Progress | None = None) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The features of each row of a table.

        Args:
            cells: With the columns of the recipe; others are not looked at.
            progress: Told of graphs that are described, which takes most of the time.

        Returns:
            Finite features, shape (n, len(names)), and which rows have a value of a category that the recipe does not
            know, shape (n,).

        Raises:
            PredictorError: A column is not there, a value is missing or cannot be read, or a graph is not one.
        """
        missing = [name for name in self._needed() if name not in cells.columns]
        if missing:
            raise PredictorError(f"{cells.path} lacks {len(missing)} columns that are needed: {listed(missing)}.")
        cells.check_complete(self._needed())
        parts = [cells.numbers(name)[:, None] for name in self.columns]
        is_unknown = np.zeros(cells.n_rows, dtype=np.bool_)
        for category in self.categories:
            texts = np.array(cells.text(category.column), dtype=np.str_)
            matches = texts[:, None] == np.array(category.values, dtype=np.str_)[None, :]  # (n, n_values)
            is_unknown |= ~matches.any(axis=1)
            parts.append(matches.astype(np.float64))
        if self.graph is not None:
            parts.append(self._graph_rows(read_graphs(cells, self.graph, self.directed), progress))
        return np.concatenate([np.empty((cells.n_rows, 0)), *parts], axis=1), is_unknown

    def families(self, cells: Cells) -> tuple[str, ...]:
        """The family of each row; empty where the recipe or the table has none."""
        if self.family is None or self.family not in cells.columns:
            return ()
        return tuple(cells.text(self.family))

    def _graph_rows(self, graphs: list[Graph], progress: Progress | None) -> NDArray[np.float64]:
        families = tuple(name for name, _ in self.graph_families)
        rows = np.empty((len(graphs), len(names_of(families))))
        for row, graph in enumerate(graphs):
            rows[row] = describe_graph(graph, families)
            if progress is not None:
                progress(row + 1, len(graphs))
        return rows

    def _graph_names(self) -> tuple[str, ...]:
        return names_of(name for name, _ in self.graph_families) if self.graph_families else ()

    def _needed(self) -> list[str]:
        graph = [] if self.graph is None else [self.graph]
        return [*self.columns, *(category.column for category in self.categories), *graph]


def read_graphs(cells: Cells, column: str, directed: bool | None) -> list[Graph]:
    """The graphs in a column of a table, or in the files that it names.

    Raises:
        PredictorError: A cell is missing or not a graph, or some graphs are directed and others not.
    """
    graphs: list[Graph] = []
    for row, text in enumerate(cells.text(column)):
        try:
            graphs.append(read_graph(cells, text, directed))
        except PredictorError as error:
            raise cells.error(row, column, str(error), "") from None
        if graphs[-1].is_directed != graphs[0].is_directed and graphs[-1].n_edges and graphs[0].n_edges:
            kinds = ("directed", "undirected") if graphs[-1].is_directed else ("undirected", "directed")
            raise cells.error(
                row, column, f"the graph is {kinds[0]}, that of row 1 {kinds[1]}", "Pass --directed or --undirected."
            )
    return graphs


def read_graph(cells: Cells, text: str, directed: bool | None) -> Graph:
    """The graph of a cell: in it, or in the file that it names."""
    if cells.folder is None or not text.endswith(SUFFIXES):
        return parse_graph(text, directed)
    place = cells.folder / text
    if not place.resolve().is_relative_to(cells.folder.resolve()):
        raise PredictorError(f'the file "{text}" is not in the folder {cells.folder}; move it there.')
    try:
        return read_graph_file(place, directed)
    except PredictorError as error:
        raise PredictorError(f"{text}: {error}") from None
