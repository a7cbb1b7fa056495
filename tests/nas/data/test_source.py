from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nas.data.source import (
    NumberColumn,
    Source,
    TextColumn,
    content_digest,
    missing_counts,
    n_rows_of,
    refuse_missing,
    take_rows,
)
from nas.errors import DataError


def numbers(name: str, *values: float) -> NumberColumn:
    return NumberColumn(name, np.array(values, dtype=np.float64))


def texts(name: str, *codes: int) -> TextColumn:
    return TextColumn(name, np.array(codes, dtype=np.int32), ("a", "b"))


def test_missing_values_are_counted_by_column_and_refused_with_the_remedy() -> None:
    columns = (numbers("age", 1, np.nan, np.nan), texts("job", 0, -1, 1), numbers("pay", 1, 2, 3))
    assert missing_counts(columns) == {"age": 2, "job": 1}
    with pytest.raises(DataError, match=r'^d\.csv has 3 missing values: "age" \(2\), "job" \(1\)\. Fill them in\.$'):
        refuse_missing("d.csv", columns, "Fill them in")


def test_complete_columns_and_arrays_miss_nothing() -> None:
    refuse_missing("d.csv", (numbers("age", 1, 2),), "Fill them in")
    assert missing_counts(np.zeros((2, 3))) == {}


def test_rows_are_taken_in_the_order_asked_for() -> None:
    rows = np.array([2, 0])
    age, job = take_rows((numbers("age", 1, 2, 3), texts("job", 0, -1, 1)), rows)
    assert isinstance(age, NumberColumn) and age.values.tolist() == [3, 1]
    assert isinstance(job, TextColumn) and job.codes.tolist() == [1, 0]
    array = take_rows(np.arange(6).reshape(3, 2), rows)
    assert isinstance(array, np.ndarray) and array.tolist() == [[4, 5], [0, 1]]


def test_rows_are_counted() -> None:
    assert n_rows_of((numbers("age", 1, 2, 3),)) == 3
    assert n_rows_of(np.zeros((4, 2))) == 4
    assert n_rows_of(()) == 0


def test_the_digest_ignores_the_label_and_sees_every_part_of_the_content() -> None:
    column, label = numbers("age", 1, 2), texts("job", 0, 1)
    base = Source("a.csv", (column,), label, (column,), label)
    changed = [
        dataclasses.replace(base, features=(numbers("age", 1, 3),)),
        dataclasses.replace(base, features=(numbers("pay", 1, 2),)),
        dataclasses.replace(base, features=(column, column)),
        dataclasses.replace(base, target=texts("job", 1, 0)),
        dataclasses.replace(base, target=TextColumn("job", label.codes, ("a", "c"))),
        dataclasses.replace(base, test_features=(numbers("age", 2, 1),)),
        dataclasses.replace(base, test_features=None, test_target=None),
        dataclasses.replace(base, features=np.zeros((2, 1), dtype=np.float32)),
        dataclasses.replace(base, features=np.zeros((2, 1), dtype=np.float64)),
        dataclasses.replace(base, features=np.ones((2, 1), dtype=np.float64)),
    ]
    assert content_digest(dataclasses.replace(base, label="b.csv")) == content_digest(base)
    assert len({content_digest(source) for source in (base, *changed)}) == len(changed) + 1


def test_the_digest_of_an_array_does_not_depend_on_its_memory_layout() -> None:
    array = np.arange(6.0).reshape(2, 3)
    sources = [Source("x", x, texts("y", 0, 1)) for x in (array, np.asfortranarray(array))]
    assert content_digest(sources[0]) == content_digest(sources[1])
