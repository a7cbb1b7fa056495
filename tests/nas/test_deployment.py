from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from support import random_recurrent_wiring, random_wiring

from nas.data import (
    Dataset,
    SequenceDataset,
    encode_new,
    encode_new_sequences,
    prepare,
    prepare_sequences,
)
from nas.deployment import export_network, network_folder, write_predictions
from nas.engine.gather import Inputs
from nas.engine.networks import n_parameters_of, network_of
from nas.errors import CheckpointError, DataError, RunError, UsageError
from nas.files import write_json
from nas.inputs import sequences_of
from nas.network_file import DESCRIPTION, TENSORS, TrainedNetwork, load_network, save_network
from nas.report.file import FORMAT
from nas.rundir import RunDirectory

CLASSES = ("cat", "dog", "Ärger, laut")
COLUMNS = ("width", "height", "kind")


def table(path: Path, target: str, n: int = 90) -> Path:
    rng = np.random.default_rng(0)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, target])
        for row in range(n):
            answer = CLASSES[row % 3] if target == "animal" else 1000 + 50 * rng.standard_normal()
            writer.writerow([np.exp(2 * rng.standard_normal()), rng.standard_normal(), "ab"[row % 2], answer])
    return path


def new_rows(path: Path, n: int = 11) -> Path:
    rng = np.random.default_rng(1)
    rows = [f"{5 * rng.standard_normal()},{'ab'[row % 2]},{5 * rng.standard_normal()}\n" for row in range(n)]
    path.write_text("height,kind,width\n" + "".join(rows))
    return path


def network(dataset: Dataset, seed: int) -> TrainedNetwork:
    wiring = random_wiring(seed, n_inputs=dataset.n_inputs, n_outputs=dataset.n_outputs)
    n_parameters = wiring.n_edges + wiring.n_hidden + wiring.n_outputs
    parameters = np.random.default_rng(seed).standard_normal(n_parameters).astype(np.float32)
    return TrainedNetwork(wiring, "silu", parameters, dataset.encoding)


def row(trial: int, test_score: float | None) -> dict[str, Any]:
    return {"trial": trial, "n_weights": 9, "density": 0.1, "validation_score": 0.5, "test_score": test_score}


def write_report(directory: RunDirectory, front: list[dict[str, Any]]) -> None:
    best = front[-1] if front else None
    write_json(directory.report, {"format": FORMAT, "missing": [], "front": front, "best": best})


def finished_run(folder: Path, target: str) -> RunDirectory:
    """A finished run whose front has trial 4, not retrained, and trials 6 and 9, of which 9 is best."""
    dataset = prepare(str(table(folder / "data.csv", target)), target=target, seed=0)
    directory = RunDirectory.create(folder / "runs", "mine", "data.csv")
    for trial in (6, 9):
        save_network(directory.models / f"trial-{trial}", network(dataset, trial), {"trial": trial})
    write_report(directory, [row(4, None), row(6, 0.25), row(9, 0.5)])
    return directory


@pytest.fixture
def classifier(tmp_path: Path) -> RunDirectory:
    return finished_run(tmp_path, "animal")


@pytest.fixture
def regressor(tmp_path: Path) -> RunDirectory:
    return finished_run(tmp_path, "price")


def read_csv(path: Path) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(("trial", "used"), [(None, 9), (6, 6)])
def test_predictions_are_names_of_classes_with_their_probabilities(
    classifier: RunDirectory, tmp_path: Path, trial: int | None, used: int
) -> None:
    data, output = str(new_rows(tmp_path / "new.csv")), tmp_path / "predictions.csv"
    assert write_predictions(classifier, data, trial, output) == 11
    header, *rows = read_csv(output)
    assert header == ["prediction", "probability"]
    loaded = load_network(classifier.models / f"trial-{used}")
    x, _ = encode_new(data, loaded.encoding)
    probabilities = softmax(loaded.outputs(Inputs.plain(x)).astype(np.float64), axis=0)
    assert [name for name, _ in rows] == [CLASSES[c] for c in probabilities.argmax(axis=0)]
    assert len({name for name, _ in rows}) > 1
    np.testing.assert_allclose([float(p) for _, p in rows], probabilities.max(axis=0), atol=1e-6)


def test_predictions_of_a_regression_are_in_the_units_of_the_target(regressor: RunDirectory, tmp_path: Path) -> None:
    data, output = str(new_rows(tmp_path / "new.csv")), tmp_path / "predictions.csv"
    assert write_predictions(regressor, data, None, output) == 11
    header, *rows = read_csv(output)
    assert header == ["prediction"]
    loaded = load_network(regressor.models / "trial-9")
    x, _ = encode_new(data, loaded.encoding)
    target = loaded.encoding.target
    expected = loaded.outputs(Inputs.plain(x))[0].astype(np.float64) * target.std + target.mean
    assert 900 < target.mean < 1100 and 20 < target.std < 80
    assert [float(value) for (value,) in rows] == expected.tolist()


def test_the_answers_do_not_depend_on_the_other_rows(classifier: RunDirectory, tmp_path: Path) -> None:
    data = new_rows(tmp_path / "new.csv", 40)
    write_predictions(classifier, str(data), None, tmp_path / "all.csv")
    lines = data.read_text().splitlines(keepends=True)
    data.write_text("".join(lines[:1] + lines[-3:]))
    write_predictions(classifier, str(data), None, tmp_path / "few.csv")
    assert read_csv(tmp_path / "few.csv")[1:] == read_csv(tmp_path / "all.csv")[-3:]


def test_the_exported_files_alone_say_how_rows_become_inputs(classifier: RunDirectory, tmp_path: Path) -> None:
    """Of a table with heavy tails, with numbers within the training rows and far beyond them."""
    (tmp_path / "new.csv").write_text("height,kind,width\n.3,a,1.5\n-7,b,1e30\n2,c,-1e30\n0,a,.01\n")
    export_network(classifier, None, tmp_path / "model")
    inputs = json.loads((tmp_path / "model" / DESCRIPTION).read_text())["encoding"]["inputs"]
    width, height, kind = inputs
    assert [code["name"] for code in inputs] == list(COLUMNS) and height["quantile_copy"] is None
    of_width, of_height = np.array([1.5, 1e30, -1e30, 0.01]), np.array([0.3, -7, 2, 0])
    copy = width["quantile_copy"]
    expected = [
        np.clip((of_width - width["mean"]) / width["std"], -1e6, 1e6),
        np.interp(of_width, copy["values"], copy["quantiles"]),
        (of_height - height["mean"]) / height["std"],
        *([text == category for text in "abca"] for category in kind["categories"]),
    ]
    x, n_rows = encode_new(str(tmp_path / "new.csv"), load_network(tmp_path / "model").encoding)  # type: ignore[arg-type]
    assert n_rows == 4
    np.testing.assert_allclose(x, np.array(expected, dtype=np.float32), rtol=1e-6)


def test_a_file_that_exists_is_left_alone(classifier: RunDirectory, tmp_path: Path) -> None:
    output = tmp_path / "predictions.csv"
    output.write_text("precious")
    with pytest.raises(UsageError, match=r"exists already. Choose another file, or remove it"):
        write_predictions(classifier, str(new_rows(tmp_path / "new.csv")), None, output)
    assert output.read_text() == "precious"


def test_predictions_that_cannot_be_written_are_refused(classifier: RunDirectory, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot write .*: No such file or directory"):
        write_predictions(classifier, str(new_rows(tmp_path / "new.csv")), None, tmp_path / "no" / "p.csv")


def test_rows_that_cannot_be_encoded_leave_no_file(classifier: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("height,kind\n1.5,a\n")
    with pytest.raises(DataError, match=r'has no column "width"'):
        write_predictions(classifier, str(tmp_path / "new.csv"), None, tmp_path / "predictions.csv")
    assert not (tmp_path / "predictions.csv").exists()


def test_an_exported_network_is_the_trained_one(classifier: RunDirectory, tmp_path: Path) -> None:
    export_network(classifier, 6, tmp_path / "a" / "model")
    (tmp_path / "empty").mkdir()
    export_network(classifier, None, tmp_path / "empty")
    for folder, trial in ((tmp_path / "a" / "model", 6), (tmp_path / "empty", 9)):
        assert sorted(file.name for file in folder.iterdir()) == [DESCRIPTION, TENSORS]
        assert json.loads((folder / DESCRIPTION).read_text())["trial"] == trial
        expected = load_network(classifier.models / f"trial-{trial}")
        np.testing.assert_array_equal(load_network(folder).parameters, expected.parameters)


def test_a_folder_that_holds_something_is_left_alone(classifier: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "file").write_text("precious")
    (tmp_path / "file").write_text("precious")
    for output in (tmp_path / "model", tmp_path / "file"):
        with pytest.raises(UsageError, match=r"exists already. Choose another folder, or remove it"):
            export_network(classifier, None, output)
    assert [file.name for file in (tmp_path / "model").iterdir()] == ["file"]


def test_a_folder_that_cannot_be_made_is_refused(classifier: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"Cannot write .*: Not a directory"):
        export_network(classifier, None, tmp_path / "file" / "model")


def test_a_damaged_network_is_neither_used_nor_exported(classifier: RunDirectory, tmp_path: Path) -> None:
    file = classifier.models / "trial-9" / TENSORS
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"is damaged"):
        export_network(classifier, None, tmp_path / "model")
    with pytest.raises(CheckpointError, match=r"is damaged"):
        write_predictions(classifier, str(new_rows(tmp_path / "new.csv")), None, tmp_path / "predictions.csv")
    assert not (tmp_path / "model").exists() and not (tmp_path / "predictions.csv").exists()


@pytest.mark.parametrize("trial", [4, 0, 12345])
def test_a_trial_without_a_trained_network_is_refused_with_those_that_have_one(
    classifier: RunDirectory, trial: int
) -> None:
    with pytest.raises(UsageError, match=f"Trial {trial} of mine has no trained network. Those .* have: 6, 9[.]"):
        network_folder(classifier, trial)


@pytest.mark.parametrize("front", [[], [row(4, None)]])
def test_a_run_without_a_trained_network_is_refused(classifier: RunDirectory, front: list[dict[str, Any]]) -> None:
    write_report(classifier, front)
    with pytest.raises(UsageError, match=r"mine has no trained network. Search again with a larger --budget"):
        network_folder(classifier, None)


def test_a_run_that_is_not_finished_is_refused(classifier: RunDirectory) -> None:
    classifier.report.unlink()
    with pytest.raises(RunError, match=r"mine has no report yet: it is not finished. Go on with `nas resume"):
        network_folder(classifier, None)


# --- sequences -------------------------------------------------------------------------------------------------------


def recurrent_run(folder: Path, dataset: SequenceDataset) -> RunDirectory:
    """A finished run on sequences whose best is trial 9."""
    wiring = random_recurrent_wiring(9, "gru", n_inputs=dataset.n_inputs, n_outputs=dataset.n_outputs)
    n_parameters = n_parameters_of(network_of(wiring, None))
    parameters = np.random.default_rng(9).standard_normal(n_parameters).astype(np.float32)
    directory = RunDirectory.create(folder / "runs", "mine", "data")
    network = TrainedNetwork(wiring, None, parameters, dataset.encoding)
    save_network(directory.models / "trial-9", network, {"trial": 9})
    write_report(directory, [row(9, 0.5)])
    return directory


@pytest.fixture
def reader(tmp_path: Path) -> RunDirectory:
    """Tells apart strings."""
    rng = np.random.default_rng(0)
    lines = ["".join(rng.choice(list("abc"), rng.integers(1, 9))) + f",{'xy'[i % 2]}" for i in range(40)]
    (tmp_path / "data.csv").write_text("\n".join(["string,label", *lines]))
    return recurrent_run(tmp_path, prepare_sequences(str(tmp_path / "data.csv"), seed=0))


def new_strings(path: Path, n: int = 300) -> Path:
    """More strings than a batch of the kernels has, of very different lengths, some with letters that are new."""
    rng = np.random.default_rng(1)
    lines = [f"{i}," + "".join(rng.choice(list("abcd "), rng.integers(1, 40))) for i in range(n)]
    path.write_text("\n".join(["n,string", *lines]))
    return path


def test_predictions_for_strings_come_in_their_order(reader: RunDirectory, tmp_path: Path) -> None:
    data, output = str(new_strings(tmp_path / "new.csv")), tmp_path / "predictions.csv"
    assert write_predictions(reader, data, None, output) == 300
    header, *rows = read_csv(output)
    assert header == ["prediction", "probability"]
    loaded = load_network(reader.models / "trial-9")
    x, offsets = encode_new_sequences(data, loaded.encoding)  # type: ignore[arg-type]
    each = [
        loaded.outputs(sequences_of(np.ascontiguousarray(x[:, a:b]), np.array([0, b - a])))[:, 0]
        for a, b in pairwise(offsets)
    ]
    probabilities = softmax(np.array(each, dtype=np.float64), axis=1)
    assert [name for name, _ in rows] == ["xy"[c] for c in probabilities.argmax(axis=1)]
    assert len({name for name, _ in rows}) == 2
    np.testing.assert_allclose([float(p) for _, p in rows], probabilities.max(axis=1), atol=2e-6)


def test_the_answers_do_not_depend_on_the_other_strings(reader: RunDirectory, tmp_path: Path) -> None:
    data = new_strings(tmp_path / "new.csv")
    write_predictions(reader, str(data), None, tmp_path / "all.csv")
    lines = data.read_text().splitlines(keepends=True)
    data.write_text("".join(lines[:1] + lines[-3:]))
    write_predictions(reader, str(data), None, tmp_path / "few.csv")
    assert read_csv(tmp_path / "few.csv")[1:] == read_csv(tmp_path / "all.csv")[-3:]


def test_predictions_for_arrays_are_in_the_units_of_the_target(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, lengths, y = rng.normal(size=(60, 5, 3)), rng.integers(1, 6, 60), rng.normal(1000, 50, 60)
    np.savez(tmp_path / "data.npz", x_train=x, lengths_train=lengths, y_train=y)
    directory = recurrent_run(tmp_path, prepare_sequences(str(tmp_path / "data.npz"), seed=0))
    np.savez(tmp_path / "new.npz", x=x, lengths=lengths)
    assert write_predictions(directory, str(tmp_path / "new.npz"), None, tmp_path / "p.csv") == 60
    header, *rows = read_csv(tmp_path / "p.csv")
    loaded = load_network(directory.models / "trial-9")
    encoded = sequences_of(*encode_new_sequences(str(tmp_path / "new.npz"), loaded.encoding))  # type: ignore[arg-type]
    target = loaded.encoding.target
    assert header == ["prediction"] and 900 < target.mean < 1100
    expected = loaded.outputs(encoded)[0].astype(np.float64) * target.std + target.mean
    np.testing.assert_allclose([float(value) for (value,) in rows], expected, rtol=1e-6)


def test_sequences_that_cannot_be_encoded_leave_no_file(reader: RunDirectory, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("text\nabc\n")
    np.savez(tmp_path / "new.npz", x=np.zeros((2, 3, 3)), lengths=np.array([3, 1]))
    for name, message in (("new.csv", 'has no column "string"'), ("new.npz", "holds arrays, but")):
        with pytest.raises(DataError, match=message):
            write_predictions(reader, str(tmp_path / name), None, tmp_path / "predictions.csv")
    assert not (tmp_path / "predictions.csv").exists()


def test_an_exported_recurrent_network_answers_alike(reader: RunDirectory, tmp_path: Path) -> None:
    export_network(reader, None, tmp_path / "model")
    exported, trained = load_network(tmp_path / "model"), load_network(reader.models / "trial-9")
    data = str(new_strings(tmp_path / "new.csv"))
    sequences = sequences_of(*encode_new_sequences(data, exported.encoding))  # type: ignore[arg-type]
    np.testing.assert_array_equal(exported.outputs(sequences), trained.outputs(sequences))


def test_a_damaged_recurrent_network_is_neither_used_nor_exported(reader: RunDirectory, tmp_path: Path) -> None:
    tensors = reader.models / "trial-9" / TENSORS
    tensors.write_bytes(tensors.read_bytes()[:-4] + b"\0\0\0\0")
    with pytest.raises(CheckpointError, match="is damaged"):
        write_predictions(reader, str(new_strings(tmp_path / "new.csv")), None, tmp_path / "p.csv")
    with pytest.raises(CheckpointError, match="is damaged"):
        export_network(reader, None, tmp_path / "model")
    assert not (tmp_path / "p.csv").exists() and not (tmp_path / "model").exists()
