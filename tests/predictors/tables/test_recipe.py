from __future__ import annotations

import numpy as np
import pytest

from predictors.errors import PredictorError
from predictors.features import Graph, describe_graph
from predictors.tables.cells import Cells
from predictors.tables.recipe import Category, Recipe

FAMILIES = (("size", 1), ("degrees", 1))
RECIPE = Recipe(
    columns=("x",),
    categories=(Category(column="kind", values=("a", "b")),),
    graph="graph",
    graph_families=FAMILIES,
    family="prior",
)
CELLS = Cells(
    "t", {"prior": ["p", "q"], "graph": ["0-1", "0-1 1-2"], "kind": ["b", "c"], "x": ["1.5", "2"], "y": ["", ""]}
)


def test_rows_are_numbers_values_and_descriptions_of_graphs() -> None:
    seen: list[tuple[int, int]] = []
    rows, is_unknown = RECIPE.rows(CELLS, lambda done, total: seen.append((done, total)))
    graphs = [Graph.from_edges([(0, 1)]), Graph.from_edges([(0, 1), (1, 2)])]
    assert rows[:, :3].tolist() == [[1.5, 0, 1], [2, 0, 0]]
    assert np.array_equal(rows[:, 3:], [describe_graph(graph, ("size", "degrees")) for graph in graphs])
    assert is_unknown.tolist() == [False, True]
    assert len(RECIPE.names) == rows.shape[1]
    assert RECIPE.names[:4] == ("x", "kind=a", "kind=b", "graph.nodes")
    assert RECIPE.families(CELLS) == ("p", "q")
    assert seen == [(1, 2), (2, 2)]


def test_a_table_that_lacks_columns_is_refused() -> None:
    with pytest.raises(PredictorError, match='lacks 2 columns that are needed: "kind", "graph"'):
        RECIPE.rows(Cells("t", {"x": ["1"]}))


def test_a_wrong_graph_is_told_by_row_and_column() -> None:
    with pytest.raises(PredictorError, match='t, row 2, column "graph": "x" is not an edge'):
        RECIPE.rows(Cells("t", {**CELLS.columns, "graph": ["0-1", "x"]}))
    with pytest.raises(PredictorError, match=r"row 2.*directed, that of row 1 undirected"):
        RECIPE.rows(Cells("t", {**CELLS.columns, "graph": ["0-1", "0>1"]}))


def test_features_of_another_version_are_refused() -> None:
    RECIPE.model_copy(update={"graph_families": ()}).check_versions()
    with pytest.raises(PredictorError, match='version 999 of the graph features "size"'):
        RECIPE.model_copy(update={"graph_families": (("size", 999),)}).check_versions()
    with pytest.raises(PredictorError, match="version 999 of the features of a search"):
        RECIPE.model_copy(update={"graph_families": (), "features_version": 999}).check_versions()
