"""What a configuration says about the data, the space and the training of candidates, made into values."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nas.budget import default_max_recurrent_weights, default_max_weights
from nas.config import RunConfig
from nas.data import AnyDataset, Dataset, SequenceDataset, is_sequence_source, prepare, prepare_sequences
from nas.data.encoding import ArrayCode
from nas.engine.batches import BatchPlan
from nas.engine.recipe import Recipe
from nas.errors import ConfigError
from predictors import PredictorError, feature_names
from predictors.features.training_free import TRAINING_FREE_NAMES
from predictors.warm_start import WarmStart
from search_spaces import SPACES, MLPSpace, SearchSpace
from search_spaces.input_choice import Plane
from search_spaces.sparse_training import METHODS

DROPOUT, LABEL_SMOOTHING = (0.02, 0.2), (0.02, 0.15)
RECURRENT_CLIP_NORM = 1.0  # gradients through time explode now and then (Pascanu et al. 2013)


def with_space(config: RunConfig) -> RunConfig:
    """The configuration with its space decided: that of the data where none was given."""
    if config.search.space is not None:
        return config
    space = "rnn" if is_sequence_source(config.data.source) else "mlp"
    return config.model_copy(update={"search": config.search.model_copy(update={"space": space})})


def prepare_data(config: RunConfig) -> AnyDataset:
    """The data of a run whose space is decided, read, split and encoded.

    Raises:
        UsageError: They cannot be read or learned from, or are not of the kind that the space takes.
    """
    data, seed = config.data, config.search.seed
    if config.search.space == "rnn":
        if config.predictor.training_free:
            raise ConfigError("Recurrent networks have no training-free scores. Leave predictor.training_free out.")
        if data.missing == "impute":
            raise ConfigError("Sequences have no missing values to impute. Leave --missing out.")
        if data.quantile_copies == "all":
            raise ConfigError("Sequences have no quantile copies. Leave data.quantile_copies out.")
        return prepare_sequences(data.source, target=data.target, task=data.task, seed=seed)
    if is_sequence_source(data.source) and Path(data.source).suffix.lower() == ".npz":
        raise ConfigError(f"{data.source} holds sequences, with lengths_train. Leave --space out, or give --space rnn.")
    return prepare(
        data.source,
        target=data.target,
        task=data.task,
        missing=data.missing,
        quantile_copies=data.quantile_copies,
        seed=seed,
    )


def recipe_for(config: RunConfig, dataset: AnyDataset, batches: BatchPlan, epochs: int) -> Recipe:
    """How candidates are trained: as configured, or as suits the data."""
    training = config.training
    clip_norm = RECURRENT_CLIP_NORM if not isinstance(dataset, Dataset) else 0.0
    return Recipe(
        task=dataset.task,
        batches=batches,
        total_steps=epochs * batches.steps_per_epoch,
        weight_decay=training.weight_decay,
        optimiser=training.optimiser,
        schedule=training.schedule,
        momentum=training.momentum,
        clip_norm=clip_norm if training.clip_norm is None else training.clip_norm,
    )


def regularisation_ranges(config: RunConfig, dataset: AnyDataset) -> tuple[tuple[float, float], tuple[float, float]]:
    """What dropout and label smoothing candidates may have, as `Limits` takes it: as configured, or as suits the data.

    Values have no labels to smooth.
    """
    training, dropout = config.training, DROPOUT
    smoothing = (0.0, 0.0) if dataset.task == "regression" else LABEL_SMOOTHING
    if training.dropout is not None:
        dropout = (training.dropout, training.dropout)
    if training.label_smoothing is not None:
        smoothing = (training.label_smoothing, training.label_smoothing)
    return dropout, smoothing


def max_weights_for(config: RunConfig, dataset: AnyDataset) -> int:
    """The most weights that a candidate may have: as configured, or what counts as small for the data."""
    n_rows = dataset.n_train + dataset.n_validation
    if config.search.max_weights:
        return config.search.max_weights
    if isinstance(dataset, Dataset):
        return default_max_weights(dataset.n_inputs, n_rows)
    return default_max_recurrent_weights(dataset.n_inputs, int(dataset.offsets[-1]))


def space_for(config: RunConfig, dataset: AnyDataset, max_weights: int) -> SearchSpace:
    """The space of networks for the data.

    Raises:
        ConfigError: The configured bounds leave no network.
    """
    dropout, label_smoothing = regularisation_ranges(config, dataset)
    of_sequences: dict[str, Any] = {}
    if isinstance(dataset, SequenceDataset):
        n_steps = int(np.median(dataset.lengths[: dataset.n_train]))
        of_sequences = {"n_steps": n_steps, "has_differences": dataset.has_differences}
    try:
        space = SPACES[config.search.space or "mlp"](
            **of_sequences,
            n_inputs=dataset.n_inputs,
            n_outputs=dataset.n_outputs,
            max_weights=max_weights,
            priors=config.search.priors,
            bounds=config.search.bounds,
            dropout=dropout,
            label_smoothing=label_smoothing,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if isinstance(space, MLPSpace):
        methods = tuple(method for method in METHODS if method in config.search.methods)
        return replace(space, plane=plane_of(dataset), methods=methods)
    return space


def plane_of(dataset: AnyDataset) -> Plane | None:
    """Where the inputs lie in an image; None for what is no image of square shape and one channel."""
    code = dataset.encoding.inputs if isinstance(dataset, Dataset) else None
    if not isinstance(code, ArrayCode) or not code.is_image or math.isqrt(code.n_values) ** 2 != code.n_values:
        return None
    side = math.isqrt(code.n_values)
    rows, columns = zip(*(divmod(place, side) for place in code.kept), strict=True)
    return Plane(rows, columns)


def read_warm_start(path: Path, space: str, *, training_free: bool) -> WarmStart:
    """The examples of a predictor file, for a search in this space, with training-free scores or without.

    Raises:
        ConfigError: It is no whole predictor file, or learned from other features than this search has.
    """
    from predictors.predictor_file import read_predictor

    try:
        examples = read_predictor(path).examples()
        start = WarmStart(examples.names, examples.rows, examples.targets)
        start.rows_for((*feature_names(space), *(TRAINING_FREE_NAMES if training_free else ())))
    except PredictorError as error:
        raise ConfigError(str(error)) from None
    return start
