"""The state of a search on disk: under a checksum, which is checked when it is read, beside the state before it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as tensors_from_bytes
from safetensors.numpy import save as tensors_to_bytes

from nas.engine.state import TrainingState
from nas.errors import CheckpointError
from nas.files import read_json, write_atomically
from nas.generation import Standing

FORMAT = 1


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write the state of a search under its checksum, and keep the one before."""
    body = json.dumps({"format": FORMAT, "state": state}, allow_nan=False)
    if path.exists():
        os.replace(path, _previous(path))
    digest = hashlib.sha256(body.encode()).hexdigest()
    write_atomically(path, json.dumps({"sha256": digest, "body": body}).encode())


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """The newest state that is whole, or None if none was ever written.

    Raises:
        CheckpointError: Files are there, but none is whole, or another version wrote them.
    """
    files = [file for file in (path, _previous(path)) if file.exists()]
    for file in files:
        try:
            outer = read_json(file)
            body = str(outer["body"])
        except (CheckpointError, KeyError):
            continue
        if hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest() != outer.get("sha256"):
            continue
        content = json.loads(body)
        if content["format"] != FORMAT:
            raise CheckpointError(f"{file} has format {content['format']!r}, this version reads {FORMAT}.")
        state: dict[str, Any] = content["state"]
        return state
    if files:
        raise CheckpointError(f"{path} and the copy before it are damaged. Start a new run.")
    return None


def save_standings(path: Path, standings: Mapping[str, Standing]) -> None:
    """Keep the training states of candidates that are not finished, by key."""
    tensors: dict[str, NDArray[Any]] = {}
    progress = {}
    for key, standing in standings.items():
        progress[key] = {
            "scores": standing.scores,
            "seconds": standing.seconds,
            "failure": standing.failure,
            "steps_done": None if standing.state is None else standing.state.steps_done,
            "n_prunings": 0 if standing.state is None else standing.state.n_prunings,
        }
        if standing.state is not None:
            tensors[f"{key}.parameters"] = standing.state.parameters
            tensors[f"{key}.first"] = standing.state.first_moment
            tensors[f"{key}.second"] = standing.state.second_moment
            if standing.state.indptr is not None and standing.state.indices is not None:
                tensors[f"{key}.indptr"] = standing.state.indptr
                tensors[f"{key}.indices"] = standing.state.indices
    about = json.dumps({"format": FORMAT, "progress": progress}, allow_nan=False)
    tensors["about"] = np.frombuffer(about.encode(), np.uint8)
    content = tensors_to_bytes(tensors)
    write_atomically(path, hashlib.sha256(content).digest() + content)


def load_standings(path: Path) -> dict[str, Standing]:
    """The training states that were kept; empty if there are none, or they are damaged.

    They save time only: without them candidates are trained from their beginning, with the same result.
    """
    try:
        content = path.read_bytes()
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            return {}
        tensors = tensors_from_bytes(content[32:])
        about = json.loads(tensors["about"].tobytes())
    except (OSError, ValueError, KeyError, SafetensorError):
        return {}
    if about["format"] != FORMAT:
        return {}
    standings = {}
    for key, progress in about["progress"].items():
        state = None
        if progress["steps_done"] is not None:
            parameters, first, second = (tensors[f"{key}.{part}"] for part in ("parameters", "first", "second"))
            edges = {name: tensors.get(f"{key}.{name}") for name in ("indptr", "indices")}
            n_done = {name: progress[name] for name in ("steps_done", "n_prunings")}
            state = TrainingState(parameters, first, second, **n_done, **edges)
        scores = tuple(tuple(seeds) for seeds in progress["scores"])
        standings[key] = Standing(state, scores, progress["seconds"], progress["failure"])
    return standings


def _previous(path: Path) -> Path:
    return path.with_name(path.name + ".previous")
