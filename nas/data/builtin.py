"""Names of the built-in data sets; those of scikit-learn as tables with a target column named "target"."""

from __future__ import annotations

from typing import Any

import numpy as np

from nas.data.source import Column, NumberColumn, TextColumn

TARGET = "target"
BUILTINS = ("breast-cancer", "diabetes", "digits", "wine")
SEQUENCE_BUILTINS = ("reber", "reber-embedded")  # drawn by ``nas.data.reber``


def read_builtin(name: str) -> tuple[Column, ...]:
    """Columns of a built-in data set, the target last; class names are those of scikit-learn.

    Args:
        name: One of ``BUILTINS``.
    """
    bunch = _load(name)
    features = np.asarray(bunch.data, dtype=np.float64)
    names = [str(feature) for feature in bunch.feature_names]
    columns = [NumberColumn(name, values) for name, values in zip(names, features.T.copy(), strict=True)]
    if name == "diabetes":
        return (*columns, NumberColumn(TARGET, np.asarray(bunch.target, dtype=np.float64)))
    classes = tuple(str(label) for label in bunch.target_names)
    return (*columns, TextColumn(TARGET, np.asarray(bunch.target, dtype=np.int32), classes))


def _load(name: str) -> Any:
    from sklearn import datasets  # costs a second, and most runs bring their own data

    loaders = {
        "breast-cancer": datasets.load_breast_cancer,
        "diabetes": datasets.load_diabetes,
        "digits": datasets.load_digits,
        "wine": datasets.load_wine,
    }
    return loaders[name]()
