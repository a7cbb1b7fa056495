from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from search_spaces.recurrent_wiring import GATES, RecurrentWiring
from search_spaces.rows import WiringError

# Two channels, two embedded values; vertices 0, 1 are a first layer, 2 a second one. Unit 3 is a skip unit: it also
# adds to vertex 2, and reads embedded value 1. Two outputs.
UNIT_VERTEX = [0, 1, 2, 2]
INPUTS = [[0, 1], [0], [2, 3], [1]]
RECURRENT = [[0, 1], [0, 1], [2], [3]]
OUTPUTS = [[2], [0, 2]]


def rows(lists: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    indptr = np.cumsum([0, *map(len, lists)]).astype(np.int32)
    return indptr, np.array([source for row in lists for source in row], dtype=np.int32)


def wiring(
    unit_vertex: list[int] = UNIT_VERTEX,
    inputs: list[list[int]] = INPUTS,
    recurrent: list[list[int]] = RECURRENT,
    outputs: list[list[int]] = OUTPUTS,
    **others: Any,
) -> RecurrentWiring:
    counts = {"n_inputs": 2, "n_embedded": 2, "n_vertices": 3, "n_outputs": 2, "cell": "lstm"} | others
    return RecurrentWiring(
        **counts, unit_vertex=np.array(unit_vertex, np.int32),
        **dict(zip(("input_indptr", "input_indices"), rows(inputs), strict=True)),
        **dict(zip(("recurrent_indptr", "recurrent_indices"), rows(recurrent), strict=True)),
        **dict(zip(("output_indptr", "output_indices"), rows(outputs), strict=True)),
    )  # fmt: skip


def bidirectional(**changes: Any) -> RecurrentWiring:
    """Two embedded values and two vertices in each direction, one above the other; an output reads a mean too."""
    given = {
        "unit_vertex": [0, 1, 2, 3],
        "inputs": [[0], [1, 4], [2], [3, 6]],
        "recurrent": [[0], [1], [2], [3]],
        "outputs": [[1, 3], [1, 4 + 3]],
    }
    return wiring(**given | {"n_embedded": 4, "n_vertices": 4, "bidirectional": True} | changes)


@pytest.mark.parametrize(("cell", "n_gates"), GATES.items())
def test_weights_are_counted_once_for_each_gate(cell: str, n_gates: int) -> None:
    net = wiring(cell=cell)
    assert (net.n_units, net.n_gates) == (4, n_gates)
    assert net.n_recurrent_weights == 6 * n_gates
    assert net.n_weights == net.n_edges == 2 * 2 + (6 + 6) * n_gates + 3
    # Units read 2 embedded values and 4 units each, and units 2 and 3 may read the complete vertices 0 and 1: unit 1
    # may read vertex 0 as well.
    assert net.n_dense_weights == 2 * 2 + (4 * 6 + 5) * n_gates + 2 * 3
    assert net.density == net.n_weights / net.n_dense_weights


def test_a_fully_connected_recurrent_layer_has_density_one() -> None:
    full = [[0, 1, 2]] * 3
    net = wiring([0, 1, 2], [[0, 1]] * 3, full, [[0, 1, 2]] * 2)
    assert net.density == 1.0
    assert net.depth == 1


def test_from_edges_takes_edges_in_any_order() -> None:
    rng = np.random.default_rng(0)

    def edges(lists: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
        pairs = np.array([(source, row) for row, sources in enumerate(lists) for source in sources])
        pairs = rng.permutation(pairs)
        return pairs[:, 0], pairs[:, 1]

    net = RecurrentWiring.from_edges(
        2, 2, 2, "lstm", np.array(UNIT_VERTEX), edges(INPUTS), edges(RECURRENT), edges(OUTPUTS)
    )
    for field in fields(net):
        np.testing.assert_array_equal(getattr(net, field.name), getattr(wiring(), field.name))


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (0, r"sources of input_edges span 0\.\.9; they must be in 0\.\.4"),
        (1, r"sources of recurrent_edges span 0\.\.9; they must be in 0\.\.3"),
        (2, r"sources of output_edges span 0\.\.9; they must be in 0\.\.8"),
    ],
)
def test_from_edges_refuses_ends_that_do_not_exist(place: int, message: str) -> None:
    edges = [(np.array([0]), np.array([0])) for _ in range(3)]
    edges[place] = (np.array([0, 9]), np.array([0, 0]))
    with pytest.raises(WiringError, match=message):
        RecurrentWiring.from_edges(2, 2, 2, "tanh", np.array(UNIT_VERTEX), *edges)
    edges[place] = (np.array([0, 0]), np.array([0, 9]))
    with pytest.raises(WiringError, match=message.replace("sources", "targets").split(";")[0]):
        RecurrentWiring.from_edges(2, 2, 2, "tanh", np.array(UNIT_VERTEX), *edges)


def test_arrays_are_read_only() -> None:
    net = wiring()
    for field in fields(net):
        if isinstance(getattr(net, field.name), np.ndarray):
            assert not getattr(net, field.name).flags.writeable


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_inputs": 0}, "n_inputs is 0; it must be at least 1"),
        ({"n_embedded": 0}, "n_embedded is 0"),
        ({"n_vertices": 0}, "n_vertices is 0"),
        ({"n_outputs": 0}, "n_outputs is 0"),
        ({"cell": "elman"}, "cell is 'elman'; it must be one of tanh, relu, lstm, gru"),
        ({"unit_vertex": [0, 1, 2, 3]}, r"unit_vertex spans 0\.\.3; it must be in 0\.\.2"),
        ({"unit_vertex": [0, -1, 2, 2]}, r"unit_vertex spans -1\.\.2"),
        ({"unit_vertex": []}, "unit_vertex is empty"),
        ({"unit_vertex": [0, 0, 2, 2]}, "vertex 1 has no unit"),
        ({"inputs": [[0], [0], [2]]}, "input_indptr has 4 entries; 4 rows need 5"),
        ({"inputs": [[0], [0], [3, 2], [1]]}, "row 2 of input_indices lists 2 after 3"),
        ({"inputs": [[0], [0], [5], [1]]}, r"input_indices span 0\.\.5; they must be in 0\.\.4"),
        ({"recurrent": [[0], [1], [2], [4]]}, r"recurrent_indices span 0\.\.4; they must be in 0\.\.3"),
        ({"recurrent": [[0, 0], [1], [2], [3]]}, "row 0 of recurrent_indices lists 0 after 0"),
        ({"outputs": [[2], [9]]}, r"output_indices span 2\.\.9; they must be in 0\.\.8"),
        ({"window": 0}, "window is 0; it must be at least 1"),
        ({"stride": 0}, "stride is 0; it must be at least 1"),
        ({"window": 2, "stride": 3}, "stride is 3; it must be at most the window, 2"),
        ({"outputs": [[0, 2], []]}, "output 1 reads no vertex; it must read at least one"),
        ({"inputs": [[3], [0], [2], [1]]}, "unit 0 reads vertex 1, which is complete with unit 1 only"),
        ({"inputs": [[0], [0], [4], [1]]}, "unit 2 reads vertex 2, which is complete with unit 3 only"),
        ({"inputs": [[0], [0], [2, 3], []]}, "no embedded value ever reaches unit 3; connect or drop it"),
        ({"outputs": [[0], [0]]}, "unit 2 never reaches an output; connect or drop it"),
    ],
)
def test_a_broken_invariant_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(WiringError, match=f"RecurrentWiring: .*{message}"):
        wiring(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"n_embedded": 3, "inputs": [[0], [1, 3], [2], [2, 5]]},
            "3 embedded values cannot be halved; both directions must have as many",
        ),
        ({"unit_vertex": [0, 2, 1, 3]}, "the first half of the units must have vertices of the first half"),
        ({"inputs": [[0], [2], [2], [3]]}, "unit 1 reads input source 2, which is of the other direction"),
        ({"inputs": [[0], [1, 4], [2], [3, 4]]}, "unit 3 reads input source 4, which is of the other direction"),
        ({"recurrent": [[0], [1], [2], [1, 3]]}, "unit 3 reads recurrent source 1, which is of the other direction"),
    ],
)
def test_an_edge_between_directions_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(WiringError, match=f"RecurrentWiring: {message}"):
        bidirectional(**change)


def test_an_odd_number_of_vertices_has_no_two_directions() -> None:
    with pytest.raises(WiringError, match="3 vertices cannot be halved"):
        wiring(bidirectional=True)


def test_windows_and_both_directions_are_counted() -> None:
    net = bidirectional(window=5, stride=3)
    assert net.n_embedding_weights == 5 * 2 * 4
    assert net.n_weights == 40 + 4 * (6 + 4) + 4
    assert net.n_edges == net.n_weights // 3
    # In each direction 2 units read 2 embedded values and 2 units, and the second the vertex of the first; 2 outputs
    # read the last values and the means of 4 vertices.
    assert net.n_dense_weights == 40 + 4 * 2 * (2 * 4 + 1) + 2 * 2 * 4


def test_a_fully_connected_layer_in_both_directions_has_density_one() -> None:
    ends = [[0, 1], [0, 1], [2, 3], [2, 3]]
    net = bidirectional(inputs=ends, recurrent=ends, outputs=[[0, 1, 2, 3], [0, 1, 2, 3]], window=3)
    assert net.density == 1.0


def test_the_skeleton_knows_vertices_whatever_is_read_of_them() -> None:
    of_last, of_maxima = wiring(outputs=[[2], [0, 2]]), wiring(outputs=[[2 + 6], [0 + 3, 2 + 6]])
    assert np.array_equal(of_last.skeleton.indices, of_maxima.skeleton.indices)


def test_the_skeleton_of_both_directions_is_one_laid_on_the_other() -> None:
    skeleton = bidirectional().skeleton
    assert (skeleton.n_inputs, skeleton.n_hidden, skeleton.n_outputs) == (2, 2, 2)
    assert [ends.tolist() for ends in skeleton.hidden_edges()] == [[0], [1]]
    rows = np.split(skeleton.indices, skeleton.indptr[1:-1])
    assert [row.tolist() for row in rows] == [[0], [1, 2], [3], [3]]
    assert bidirectional().depth == 2


def test_other_arrays_are_refused() -> None:
    with pytest.raises(WiringError, match=r"unit_vertex is int64 \(4,\); it must be a one-dimensional int32 array"):
        replace(wiring(), unit_vertex=np.array(UNIT_VERTEX))


def test_a_unit_may_hear_of_the_input_from_units_of_the_step_before() -> None:
    net = wiring(inputs=[[0, 1], [0], [2, 3], []], recurrent=[[0], [1], [2], [2]])
    assert net.n_units == 4


def test_a_unit_may_reach_the_output_through_units_of_a_later_step() -> None:
    net = wiring([0, 1, 2], [[0], [0], [0]], [[1], [2], []], [[0], [0]])
    assert net.depth == 1
    with pytest.raises(WiringError, match="unit 2 never reaches an output"):
        wiring([0, 1, 2], [[0], [0], [0]], [[1], [], []], [[0], [0]])


def test_the_skeleton_of_layers_has_the_edges_of_a_step() -> None:
    net = wiring(inputs=[[0, 1], [0], [2], [1]])
    skeleton = net.skeleton
    assert (skeleton.n_inputs, skeleton.n_hidden, skeleton.n_outputs) == (2, 3, 2)
    assert [ends.tolist() for ends in skeleton.hidden_edges()] == [[0], [2]]
    # Vertex 1 is read by no vertex and no output, so it gets an edge to output 0.
    assert np.split(skeleton.indices, skeleton.indptr[1:-1])[3].tolist() == [2 + 1, 2 + 2]
    assert net.depth == skeleton.depth == 2
    assert net.skeleton is skeleton


def test_the_skeleton_of_one_layer_has_the_recurrent_edges_upwards() -> None:
    net = wiring([0, 1, 2], [[0], [], [1]], [[1], [0, 1], [0, 2]], [[2], [2]])
    assert [ends.tolist() for ends in net.skeleton.hidden_edges()] == [[0, 0], [1, 2]]
    assert (net.depth, net.skeleton.depth) == (1, 2)


def test_the_skeleton_numbers_vertices_as_they_are_computed() -> None:
    net = wiring([2, 0, 1], [[0], [2 + 2], [2 + 0]], [[], [], []], [[1], [1]])
    assert [ends.tolist() for ends in net.skeleton.hidden_edges()] == [[0, 1], [1, 2]]
    assert net.skeleton.indices.tolist() == [0, 2, 3, 4, 4]
    assert net.depth == 3


def test_a_vertex_without_sources_in_its_step_gets_one_in_the_skeleton() -> None:
    net = wiring([0, 1, 2], [[1], [], [2, 3]], [[], [0], []], [[2], [2]])
    assert np.split(net.skeleton.indices, net.skeleton.indptr[1:-1])[1].tolist() == [0]
