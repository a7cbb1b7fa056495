from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from safetensors.numpy import save as tensors_to_bytes
from scipy.special import expit
from support import any_recurrent_wiring, random_wiring

from nas.data.encoding import Encoding, NumberCode
from nas.data.sequence_encoding import ChannelCode, SequenceEncoding
from nas.data.target import TargetCode
from nas.engine.gather import Inputs
from nas.engine.networks import n_parameters_of, network_of
from nas.errors import CheckpointError
from nas.inputs import sequences_of
from nas.network_file import DESCRIPTION, TENSORS, TrainedNetwork, load_network, save_network
from search_spaces import RecurrentWiring
from search_spaces.genotype import ACTIVATIONS
from search_spaces.recurrent_wiring import CELLS, Cell

CLASSES = ("cat", "dog", "zebu")
ABOUT = {"trial": 3, "test_score": 0.5}


def network(seed: int = 0, activation: str = "relu", classes: tuple[str, ...] = CLASSES) -> TrainedNetwork:
    wiring = random_wiring(seed, n_outputs=len(classes) or 1)
    n_parameters = wiring.n_edges + wiring.n_hidden + wiring.n_outputs
    parameters = np.random.default_rng(seed).standard_normal(n_parameters).astype(np.float32)
    codes = tuple(NumberCode(f"x{i}", 0.0, 0.5, 2.0) for i in range(wiring.n_inputs))
    return TrainedNetwork(wiring, activation, parameters, Encoding(codes, TargetCode("y", classes), imputes=False))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(ACTIVATIONS), st.sampled_from([CLASSES, ()]))
def test_a_network_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, seed: int, activation: str, classes: tuple[str, ...]
) -> None:
    folder, saved = tmp_path_factory.mktemp("run") / "models" / "trial-3", network(seed, activation, classes)
    save_network(folder, saved, ABOUT)
    loaded = load_network(folder)
    sizes = ("n_inputs", "n_hidden", "n_outputs")
    assert [getattr(loaded.wiring, name) for name in sizes] == [getattr(saved.wiring, name) for name in sizes]
    for name in ("indptr", "indices"):
        np.testing.assert_array_equal(getattr(loaded.wiring, name), getattr(saved.wiring, name))
    assert loaded.parameters.dtype == np.float32
    assert loaded.parameters.tobytes() == saved.parameters.tobytes()
    assert (loaded.activation, loaded.encoding) == (saved.activation, saved.encoding)
    rows = np.random.default_rng(seed).standard_normal((saved.wiring.n_inputs, 7)).astype(np.float32)
    np.testing.assert_array_equal(loaded.outputs(Inputs.plain(rows)), saved.outputs(Inputs.plain(rows)))


def test_the_files_alone_say_how_to_compute_the_outputs(tmp_path: Path) -> None:
    saved = network(4, "tanh")
    save_network(tmp_path, saved, ABOUT)
    about, arrays = json.loads((tmp_path / DESCRIPTION).read_text()), load_file(tmp_path / TENSORS)
    assert (about["activation"], about["output_activation"]) == ("tanh", "softmax")
    assert about["n_weights"] == len(arrays["weights"])
    assert (about["trial"], about["test_score"]) == (3, 0.5)
    assert about["encoding"]["target"]["classes"] == list(CLASSES)
    rows = np.random.default_rng(0).standard_normal((about["n_inputs"], 9))
    values = list(rows)
    for j, (begin, end) in enumerate(zip(arrays["indptr"], arrays["indptr"][1:], strict=False)):
        total = arrays["weights"][begin:end] @ np.array([values[s] for s in arrays["indices"][begin:end]])
        total = total + arrays["biases"][j]
        values.append(np.tanh(total) if j < about["n_hidden"] else total)
    expected = np.array(values[about["n_inputs"] + about["n_hidden"] :])
    np.testing.assert_allclose(saved.outputs(Inputs.plain(rows.astype(np.float32))), expected, rtol=1e-4, atol=1e-5)


def test_outputs_of_a_regression_are_called_linear(tmp_path: Path) -> None:
    save_network(tmp_path, network(classes=()), {})
    assert json.loads((tmp_path / DESCRIPTION).read_text())["output_activation"] == "linear"


def test_a_flipped_byte_in_the_arrays_is_noticed(tmp_path: Path) -> None:
    save_network(tmp_path, network(), ABOUT)
    content = (tmp_path / TENSORS).read_bytes()
    for place in range(0, len(content), 7):
        (tmp_path / TENSORS).write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(CheckpointError, match=r"is damaged: a checksum differs"):
            load_network(tmp_path)
    (tmp_path / TENSORS).write_bytes(content[:-1])
    with pytest.raises(CheckpointError, match=r"is damaged"):
        load_network(tmp_path)


@pytest.mark.parametrize("name", [TENSORS, DESCRIPTION])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    save_network(tmp_path, network(), ABOUT)
    (tmp_path / name).unlink()
    with pytest.raises(CheckpointError, match=name.replace(".", "[.]")):
        load_network(tmp_path)


def seal(folder: Path, description: dict[str, object]) -> None:
    """Write a description with the checksum that belongs to it."""
    description = {key: value for key, value in description.items() if key != "description_sha256"}
    canonical = json.dumps(description, sort_keys=True)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    (folder / DESCRIPTION).write_text(json.dumps({**description, "description_sha256": digest}))


def test_a_network_that_does_not_fit_its_encoding_is_refused(tmp_path: Path) -> None:
    save_network(tmp_path, network(), ABOUT)
    description = json.loads((tmp_path / DESCRIPTION).read_text())
    description["encoding"]["inputs"] = description["encoding"]["inputs"][:-1]
    seal(tmp_path, description)
    with pytest.raises(CheckpointError, match="its wiring does not fit its encoding"):
        load_network(tmp_path)


def test_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    broken = network()
    broken.parameters[0] = np.nan
    save_network(tmp_path, broken, ABOUT)
    with pytest.raises(CheckpointError, match="weights that are not numbers"):
        load_network(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", 3, "has format 3, this version reads 2"),
        ("sha256", "0" * 64, "checksum differs"),
        ("n_inputs", 1, "cannot be read as a network"),
        ("n_hidden", 11, "cannot be read as a network"),
        ("n_outputs", "3", "cannot be read as a network"),
        ("activation", "sigmoid", "unknown activation"),
        ("encoding", {}, "The encoding has format None"),
        ("encoding", None, "cannot be read as a network"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tmp_path: Path, key: str, value: object, message: str) -> None:
    save_network(tmp_path, network(), ABOUT)
    description = json.loads((tmp_path / DESCRIPTION).read_text())
    (tmp_path / DESCRIPTION).write_text(json.dumps({**description, key: value}))
    with pytest.raises(CheckpointError, match="checksum differs" if key != "format" else message):
        load_network(tmp_path)
    seal(tmp_path, {**description, key: value})
    with pytest.raises(CheckpointError, match=message):
        load_network(tmp_path)
    del description[key]
    (tmp_path / DESCRIPTION).write_text(json.dumps(description))
    with pytest.raises(CheckpointError):
        load_network(tmp_path)


def test_a_description_with_nan_is_neither_written_nor_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"JSON compliant"):
        save_network(tmp_path, network(), {"test_score": float("nan")})
    save_network(tmp_path, network(), ABOUT)
    text = (tmp_path / DESCRIPTION).read_text().replace('"test_score": 0.5', '"test_score": NaN')
    (tmp_path / DESCRIPTION).write_text(text)
    with pytest.raises(CheckpointError, match=r"NaN is not a number"):
        load_network(tmp_path)


def test_saving_again_replaces_the_network(tmp_path: Path) -> None:
    save_network(tmp_path, network(0), ABOUT)
    save_network(tmp_path, network(1), ABOUT)
    np.testing.assert_array_equal(load_network(tmp_path).parameters, network(1).parameters)


# --- recurrent networks ----------------------------------------------------------------------------------------------

OFFSETS = np.array([0, 4, 5, 11, 13])
RECURRENT_ARRAYS = (
    *("unit_vertex", "input_indptr", "input_indices", "recurrent_indptr", "recurrent_indices"),
    *("output_indptr", "output_indices"),
)


def recurrent_network(
    seed: int = 0, cell: Cell = "lstm", classes: tuple[str, ...] = CLASSES, **options: Any
) -> TrainedNetwork:
    wiring = any_recurrent_wiring(seed, cell, n_outputs=len(classes) or 1, **options)
    n_parameters = n_parameters_of(network_of(wiring, None))
    parameters = np.random.default_rng(seed).standard_normal(n_parameters).astype(np.float32)
    channels = ChannelCode((0.5,) * wiring.n_inputs, (2.0,) * wiring.n_inputs, (1.0,) * wiring.n_inputs)
    return TrainedNetwork(wiring, None, parameters, SequenceEncoding(channels, TargetCode("y", classes)))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(CELLS), st.sampled_from([CLASSES, ()]))
def test_a_recurrent_network_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cell: Cell, classes: tuple[str, ...]
) -> None:
    folder, saved = tmp_path_factory.mktemp("run") / "trial-3", recurrent_network(seed, cell, classes)
    save_network(folder, saved, ABOUT)
    loaded = load_network(folder)
    assert isinstance(loaded.wiring, RecurrentWiring)
    for name in ("n_inputs", "n_embedded", "n_vertices", "n_outputs", "cell", "window", "stride", "bidirectional"):
        assert getattr(loaded.wiring, name) == getattr(saved.wiring, name)
    for name in RECURRENT_ARRAYS:
        np.testing.assert_array_equal(getattr(loaded.wiring, name), getattr(saved.wiring, name))
    assert loaded.parameters.dtype == np.float32
    assert loaded.parameters.tobytes() == saved.parameters.tobytes()
    assert (loaded.activation, loaded.encoding) == (None, saved.encoding)
    values = np.random.default_rng(seed).standard_normal((saved.wiring.n_inputs, 13)).astype(np.float32)
    sequences = sequences_of(values, OFFSETS)
    np.testing.assert_array_equal(loaded.outputs(sequences), saved.outputs(sequences))


def cell_step(cell: str, a: np.ndarray, m: np.ndarray, h: float, c: float) -> tuple[float, float]:
    """Output and cell state of a unit, from what it reads (n_gates,) in this step and of the one before, and biases."""
    if cell == "lstm":
        i, f, g, o = a + m
        c = expit(f) * c + expit(i) * np.tanh(g)
        return expit(o) * np.tanh(c), c
    return {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}[cell]((a + m)[0]), c


@pytest.mark.parametrize("cell", CELLS)
def test_the_files_alone_say_how_to_compute_the_outputs_of_a_recurrent_network(tmp_path: Path, cell: Cell) -> None:
    saved = recurrent_network(4, cell, summaries=3, window=3, stride=2, bidirectional=True)
    save_network(tmp_path, saved, ABOUT)
    about, arrays = json.loads((tmp_path / DESCRIPTION).read_text()), load_file(tmp_path / TENSORS)
    assert (about["kind"], about["cell"], about["activation"]) == ("recurrent", cell, None)
    assert set(about["arrays"]) == set(arrays)
    n_embedded, n_units = about["n_embedded"], len(arrays["unit_vertex"])
    n_gates = {"lstm": 4, "gru": 3}.get(cell, 1)
    n_planes = 4 if cell == "gru" else n_gates
    parts = np.split(
        arrays["weights"].astype(np.float64),
        np.cumsum(
            [
                n_gates * len(arrays["input_indices"]),
                n_gates * len(arrays["recurrent_indices"]),
                n_embedded * about["window"] * about["n_inputs"],
            ]
        ),
    )
    inputs, recurrent = parts[0].reshape(n_gates, -1), parts[1].reshape(n_gates, -1)
    embedding, output_weights = parts[2].reshape(n_embedded, -1), parts[3]
    unit_biases = arrays["biases"][: n_planes * n_units].reshape(n_planes, n_units)
    assert about["n_weights"] == sum(part.size for part in parts)

    def read(kind: str, row: int, weights: np.ndarray, values: np.ndarray) -> np.ndarray:
        edges = slice(arrays[f"{kind}_indptr"][row], arrays[f"{kind}_indptr"][row + 1])
        return weights[..., edges] @ values[arrays[f"{kind}_indices"][edges]]

    x = np.random.default_rng(0).standard_normal((about["n_inputs"], 13)).astype(np.float32)

    def windows(steps: np.ndarray) -> list[np.ndarray]:
        """All windows of (n_inputs, n_steps), the last of which ends with the last step."""
        steps = np.concatenate([np.zeros((len(steps), about["window"])), steps], axis=1)
        ends = np.arange(steps.shape[1], about["window"], -about["stride"])[::-1]
        return [steps[:, end - about["window"] : end].T.ravel() for end in ends]

    expected, halves = [], np.array_split(embedding, 2 if about["bidirectional"] else 1)
    for first, last in pairwise(OFFSETS):
        h, c = np.zeros(n_units), np.zeros(n_units)
        all_vertices = []
        directions = [windows(x[:, first:last]), windows(x[:, first:last][:, ::-1])]
        for now in zip(*directions, strict=True):
            vertices, before = np.zeros(about["n_vertices"]), h.copy()
            values = np.concatenate([half @ window for half, window in zip(halves, now, strict=False)])
            for u, vertex in enumerate(arrays["unit_vertex"]):
                a = read("input", u, inputs, np.concatenate([values, vertices]))
                m = read("recurrent", u, recurrent, before)
                if cell == "gru":
                    (n, r, z), (from_r, from_z, m) = a + unit_biases[:3, u], m
                    new = np.tanh(n + expit(r + from_r) * (m + unit_biases[3, u]))
                    h[u] = new + expit(z + from_z) * (before[u] - new)
                else:
                    h[u], c[u] = cell_step(cell, a + unit_biases[:, u], m, before[u], c[u])
                vertices[vertex] += h[u]
            all_vertices.append(vertices)
        of_vertices = np.array(all_vertices)
        summaries = np.concatenate([of_vertices[-1], of_vertices.mean(axis=0), of_vertices.max(axis=0)])
        expected.append([read("output", o, output_weights, summaries) for o in range(about["n_outputs"])])
    outputs = np.array(expected).T + arrays["biases"][n_planes * n_units :][:, None]
    np.testing.assert_allclose(saved.outputs(sequences_of(x, OFFSETS)), outputs, rtol=1e-4, atol=1e-5)


def test_a_flipped_byte_in_a_recurrent_network_is_noticed(tmp_path: Path) -> None:
    save_network(tmp_path, recurrent_network(), ABOUT)
    content = (tmp_path / TENSORS).read_bytes()
    for place in range(0, len(content), 37):
        (tmp_path / TENSORS).write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(CheckpointError, match=r"is damaged: a checksum differs"):
            load_network(tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("kind", "feed-forward", "cannot be read as a network"),
        ("cell", "elman", "cannot be read as a network: RecurrentWiring: cell is 'elman'"),
        ("cell", "gru", "its weights do not fit its wiring"),
        ("cell", None, "cannot be read as a network"),
        ("cell", ["lstm"], "cannot be read as a network"),
        ("n_vertices", 4, "cannot be read as a network"),
        ("n_vertices", None, "cannot be read as a network"),
        ("n_embedded", 5, "damaged|cannot be read as a network"),
        ("n_inputs", 4, "its weights do not fit its wiring"),
        ("n_inputs", 0, "cannot be read as a network"),
        ("window", 9, "its weights do not fit its wiring"),
        ("window", None, "cannot be read as a network"),
        ("stride", 9, "cannot be read as a network: RecurrentWiring: stride is 9; it must be at most the window"),
        ("n_outputs", 2, "cannot be read as a network"),
        ("encoding", {}, "The encoding has format None"),
    ],
)
def test_a_description_that_does_not_fit_a_recurrent_network_is_refused(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    save_network(tmp_path, recurrent_network(), ABOUT)
    description = json.loads((tmp_path / DESCRIPTION).read_text())
    seal(tmp_path, {**description, key: value})
    with pytest.raises(CheckpointError, match=message):
        load_network(tmp_path)


def reseal_tensors(folder: Path, **changes: np.ndarray | None) -> None:
    """Change arrays of a network, or remove them, with the checksums that belong to them."""
    arrays = {**load_file(folder / TENSORS), **changes}
    content = tensors_to_bytes({name: array for name, array in arrays.items() if array is not None})
    (folder / TENSORS).write_bytes(content)
    description = json.loads((folder / DESCRIPTION).read_text())
    seal(folder, {**description, "sha256": hashlib.sha256(content).hexdigest()})


@pytest.mark.parametrize("name", [*RECURRENT_ARRAYS, "weights", "biases"])
def test_arrays_that_are_missing_or_of_another_size_are_refused(tmp_path: Path, name: str) -> None:
    save_network(tmp_path, recurrent_network(), ABOUT)
    array = load_file(tmp_path / TENSORS)[name]
    for changed in (None, array[:-1], np.append(array, array[-1:]), array.reshape(1, -1)):
        reseal_tensors(tmp_path, **{name: changed})
        with pytest.raises(CheckpointError, match=r"damaged|cannot be read as a network"):
            load_network(tmp_path)


@pytest.mark.parametrize("name", RECURRENT_ARRAYS)
def test_indices_that_lead_out_of_the_network_are_refused(tmp_path: Path, name: str) -> None:
    save_network(tmp_path, recurrent_network(), ABOUT)
    array = load_file(tmp_path / TENSORS)[name]
    for wrong in (-1, 10**6, np.iinfo(np.int32).max):
        for place in (0, len(array) // 2, -1):
            changed = array.copy()
            changed[place] = wrong
            reseal_tensors(tmp_path, **{name: changed})
            with pytest.raises(CheckpointError, match=r"cannot be read as a network: RecurrentWiring"):
                load_network(tmp_path)


def test_a_recurrent_network_with_the_encoding_of_a_table_is_refused(tmp_path: Path) -> None:
    save_network(tmp_path, recurrent_network(), ABOUT)
    description = json.loads((tmp_path / DESCRIPTION).read_text())
    seal(tmp_path, {**description, "encoding": network().encoding.to_dict()})
    with pytest.raises(CheckpointError, match="The encoding is damaged"):
        load_network(tmp_path)


def test_recurrent_weights_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    broken = recurrent_network()
    broken.parameters[-1] = np.inf
    save_network(tmp_path, broken, ABOUT)
    with pytest.raises(CheckpointError, match="weights that are not numbers"):
        load_network(tmp_path)
