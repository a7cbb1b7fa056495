from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from support import random_wiring

from nas.data.encoding import Encoding, NumberCode
from nas.data.target import TargetCode
from nas.engine.gather import Inputs
from nas.errors import CheckpointError
from nas.network_file import DESCRIPTION, TENSORS, TrainedNetwork, load_network, save_network
from search_spaces.genotype import ACTIVATIONS

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
        ("format", 2, "has format 2, this version reads 1"),
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
