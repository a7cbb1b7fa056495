"""Use what a run found: predictions for new rows, and networks to take away."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np

from nas.data import SequenceEncoding, encode_new, encode_new_sequences
from nas.engine.gather import Inputs
from nas.engine.sequence_batches import Sequences
from nas.errors import UsageError
from nas.inputs import sequences_of
from nas.network_file import DESCRIPTION, TENSORS, TrainedNetwork, load_network
from nas.report.file import read_report
from nas.rundir import RunDirectory


def network_folder(directory: RunDirectory, trial: int | None) -> Path:
    """Where the trained network of a trial of the front lies; by default that of the best.

    Raises:
        UsageError: The run is not finished, or the trial has no trained network.
    """
    report = read_report(directory)
    trained = [row["trial"] for row in report["front"] if row["test_score"] is not None]
    if trial is None:
        if report["best"] is None or report["best"]["trial"] not in trained:
            raise UsageError(f"The run {directory.name} has no trained network. Search again with a larger --budget.")
        trial = report["best"]["trial"]
    if trial not in trained:
        known = ", ".join(map(str, trained))
        raise UsageError(f"Trial {trial} of {directory.name} has no trained network. Those on the front have: {known}.")
    return directory.models / f"trial-{trial}"


def write_predictions(directory: RunDirectory, data: str, trial: int | None, output: Path) -> int:
    """Write a CSV file of predictions for new rows; give the number of rows.

    Raises:
        UsageError: The rows cannot be read, or the file exists.
    """
    network = load_network(network_folder(directory, trial))
    if output.exists():
        raise UsageError(f"{output} exists already. Choose another file, or remove it.")
    rows: Inputs | Sequences
    if isinstance(network.encoding, SequenceEncoding):
        rows = sequences_of(*encode_new_sequences(data, network.encoding))
    else:
        rows = Inputs.plain(encode_new(data, network.encoding)[0])
    header, columns = _answers(network, rows)
    try:
        with open(output, "x", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(zip(*columns, strict=True))
    except OSError as error:
        raise UsageError(f"Cannot write {output}: {error.strerror}.") from None
    return len(columns[0])


def export_network(directory: RunDirectory, trial: int | None, output: Path) -> None:
    """Copy a trained network into a folder, after checking it.

    Raises:
        UsageError: The folder holds something already, or cannot be made.
    """
    folder = network_folder(directory, trial)
    load_network(folder)
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise UsageError(f"{output} exists already. Choose another folder, or remove it.")
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name in (TENSORS, DESCRIPTION):
            shutil.copyfile(folder / name, output / name)
    except OSError as error:
        raise UsageError(f"Cannot write {output}: {error.strerror}.") from None


def _answers(network: TrainedNetwork, rows: Inputs | Sequences) -> tuple[list[str], list[list[str]]]:
    outputs, target = network.outputs(rows).astype(np.float64), network.encoding.target
    if target.task == "regression":
        values = target.decode(outputs[0].astype(np.float32))
        return ["prediction"], [[repr(float(value)) for value in values]]
    exponentials = np.exp(outputs - outputs.max(axis=0))
    probabilities = exponentials / exponentials.sum(axis=0)
    classes = outputs.argmax(axis=0)
    names = [str(name) for name in target.decode(classes)]
    return ["prediction", "probability"], [names, [f"{p:.6f}" for p in probabilities.max(axis=0)]]
