from __future__ import annotations

import numpy as np
import pytest
from sklearn import datasets

from nas.data.builtin import BUILTINS, TARGET, read_builtin
from nas.data.source import NumberColumn, TextColumn


@pytest.mark.parametrize("name", BUILTINS)
def test_built_ins_are_what_scikit_learn_has(name: str) -> None:
    bunch = getattr(datasets, "load_" + name.replace("-", "_"))()
    *features, target = read_builtin(name)
    assert [column.name for column in features] == [str(feature) for feature in bunch.feature_names]
    assert all(isinstance(column, NumberColumn) for column in features)
    values = np.stack([column.values for column in features if isinstance(column, NumberColumn)], axis=1)
    np.testing.assert_array_equal(values, bunch.data)
    assert target.name == TARGET
    if isinstance(target, TextColumn):
        np.testing.assert_array_equal(target.codes, bunch.target)
        assert target.texts == tuple(str(label) for label in bunch.target_names)
    else:
        np.testing.assert_array_equal(target.values, bunch.target)


def test_only_diabetes_has_a_number_to_predict() -> None:
    kinds = {name: type(read_builtin(name)[-1]) for name in BUILTINS}
    assert [name for name, kind in kinds.items() if kind is NumberColumn] == ["diabetes"]
