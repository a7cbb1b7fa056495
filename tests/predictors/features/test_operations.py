from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.features.graph import Graph
from predictors.features.operations import MOST_COUNTED, SMALLEST_SHARE, Operation, operations_family

OPERATIONS = (
    Operation("skip", 1.0),
    Operation("none", 0.0),
    Operation("conv3x3"),
    Operation("conv1x1"),
    Operation("avgpool", 0.5),
)
FAMILY = operations_family(OPERATIONS)
LIVE, WORKING = ("skip", "conv3x3", "conv1x1", "avgpool"), ("conv3x3", "conv1x1", "avgpool")
GAIN = {operation.name: operation.gain for operation in OPERATIONS}

Cell = dict[tuple[int, int], str]
EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


@st.composite
def cells(draw: Any) -> tuple[int, Cell]:
    """A number of vertices, and operations on some of the edges between them."""
    n = draw(st.integers(2, 6))
    names = st.sampled_from([operation.name for operation in OPERATIONS])
    return n, draw(st.dictionaries(st.sampled_from(list(combinations(range(n), 2))), names))


def features_of(n: int, cell: Cell) -> dict[str, float]:
    graph = Graph.from_edges(list(cell), n, True, tuple(cell.values()))
    return dict(zip(FAMILY.feature_names, FAMILY.describe(graph).tolist(), strict=True))


def of_nas_bench(text: str) -> Cell:
    """The cell with these places of operations on `EDGES`."""
    return {edge: OPERATIONS[int(place)].name for edge, place in zip(EDGES, text, strict=True)}


def paths_of(n: int, cell: Cell) -> list[list[tuple[int, int]]]:
    """All paths from input to output, as edges, that nothing interrupts."""
    graph = nx.DiGraph(edge for edge, name in cell.items() if name != "none")
    graph.add_nodes_from(range(n))
    return [list(path) for path in nx.all_simple_edge_paths(graph, 0, n - 1)]


def subsets(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [subset for size in range(1, len(names) + 1) for subset in combinations(names, size)]


def expected_counts(n: int, cell: Cell) -> dict[str, float]:
    """Counts, lengths and degrees by listing every path."""
    paths = paths_of(n, cell)
    used = {edge for path in paths for edge in path}
    names = [[cell[edge] for edge in path] for path in paths]
    expected: dict[str, float] = {f"count_{o}": sum(cell[edge] == o for edge in used) for o in LIVE}
    for subset in subsets(LIVE):
        label = "+".join(subset)
        lengths = [len(path) for path in names if set(path) <= set(subset)]
        numbers = [sum(name in subset for name in path) for path in names]
        inside = [edge for edge in used if cell[edge] in subset]
        expected |= {
            f"shortest_{label}": min(lengths, default=n),
            f"longest_{label}": max(lengths, default=0),
            f"paths_only_{label}": len(lengths),
            f"most_{label}": max(numbers, default=0),
            f"fewest_{label}": min(numbers, default=0),
            f"into_output_{label}": sum(target == n - 1 for _, target in inside),
            f"out_of_input_{label}": sum(source == 0 for source, _ in inside),
        }
    for subset in subsets(WORKING):
        label = "+".join(subset)
        numbers = [min(sum(name in subset for name in path), MOST_COUNTED) for path in names]
        expected |= {f"paths_with_{k}_{label}": numbers.count(k) for k in range(MOST_COUNTED + 1)}
        expected[f"mean_on_paths_{label}"] = sum(numbers) / max(len(numbers), 1)
    return expected | {"paths": len(paths)}


def expected_signal(n: int, cell: Cell) -> dict[str, float]:
    """Shares of the variance, by following it backwards from the output along every path."""
    paths = paths_of(n, cell)
    used = {edge for path in paths for edge in path}
    variance = {0: 1.0}
    for vertex in range(1, n):
        added = [(u, GAIN[cell[u, v]]) for u, v in used if v == vertex]
        variance[vertex] = sum(1.0 if gain is None else gain * variance[u] for u, gain in added)
    expected = {"log_signal": math.log(variance[n - 1] + SMALLEST_SHARE)}
    for subset in subsets(WORKING):
        shares = [0.0] * (MOST_COUNTED + 1)
        for path in paths:
            share = 1.0 / variance[n - 1]
            for u, v in path:
                gain = GAIN[cell[u, v]]
                share *= 1.0 / variance[u] if gain is None else gain
            shares[min(sum(cell[edge] in subset for edge in path), MOST_COUNTED)] += share
        label = "+".join(subset)
        expected |= {f"signal_with_{k}_{label}": share for k, share in enumerate(shares)}
        expected |= {f"log_signal_with_{k}_{label}": math.log(share + SMALLEST_SHARE) for k, share in enumerate(shares)}
        expected[f"mean_on_signal_{label}"] = sum(k * share for k, share in enumerate(shares))
    return expected


@settings(deadline=None, max_examples=60)
@given(drawn=cells())
def test_the_features_are_those_of_listing_every_path(drawn: tuple[int, Cell]) -> None:
    expected = expected_counts(*drawn) | expected_signal(*drawn)
    assert features_of(*drawn) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(drawn=cells())
def test_all_variance_of_the_output_came_along_some_path(drawn: tuple[int, Cell]) -> None:
    found = features_of(*drawn)
    for subset in subsets(WORKING):
        shares = [found[f"signal_with_{k}_{'+'.join(subset)}"] for k in range(MOST_COUNTED + 1)]
        assert sum(shares) == pytest.approx(1.0 if found["paths"] else 0.0)


def test_a_residual_block_keeps_half_of_its_input() -> None:
    found = features_of(3, {(0, 1): "conv3x3", (1, 2): "conv3x3", (0, 2): "skip"})
    assert (found["signal_with_0_conv3x3"], found["signal_with_2_conv3x3"]) == (0.5, 0.5)
    assert found["log_signal"] == pytest.approx(math.log(2.0 + SMALLEST_SHARE))


def test_operations_that_reach_nothing_do_not_count() -> None:
    # Vertex 1 has no way to the output, and vertex 2 none from the input.
    assert features_of(4, of_nas_bench("212113")) == features_of(4, of_nas_bench("012114"))
    assert features_of(4, of_nas_bench("212113"))["count_conv3x3"] == 1


def test_without_a_path_all_is_as_without_edges() -> None:
    empty = features_of(4, {})
    assert features_of(4, of_nas_bench("221111")) == empty
    assert empty["paths"] == 0
    assert np.isfinite(list(empty.values())).all()


def test_each_operation_makes_a_difference() -> None:
    rows = {tuple(features_of(2, {(0, 1): name}).values()) for name in LIVE}
    assert len(rows) == len(LIVE)


def test_cells_that_cannot_be_described_are_refused() -> None:
    with pytest.raises(ValueError, match="the graph has none; give one an edge"):
        FAMILY.describe(Graph.from_edges([(0, 1)], 2, True))
    with pytest.raises(ValueError, match='"pool" is none of skip, none, conv3x3'):
        FAMILY.describe(Graph.from_edges([(0, 1)], 2, True, ("pool",)))
    for directed, edge in ((False, (0, 1)), (True, (1, 0))):
        with pytest.raises(ValueError, match="edges must lead from lower to higher vertices"):
            FAMILY.describe(Graph.from_edges([edge], 2, directed, ("skip",)))
