from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from nas.data.source import NumberColumn, TextColumn
from nas.data.target import (
    TargetCode,
    Task,
    check_class_sizes,
    class_names,
    decide_task,
    regression_code,
)
from nas.errors import DataError


def numbers(values: ArrayLike) -> NumberColumn:
    return NumberColumn("y", np.asarray(values, dtype=np.float64))


def texts(*values: str | None) -> TextColumn:
    distinct = tuple(dict.fromkeys(value for value in values if value is not None))
    return TextColumn("y", np.array([-1 if v is None else distinct.index(v) for v in values], np.int32), distinct)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (np.arange(20), "classification"),  # at most 20 distinct whole numbers
        (np.arange(21), "regression"),
        (np.arange(2000) % 99, "classification"),  # fewer than 100, and at most 5 % of the rows
        (np.arange(2000) % 100, "regression"),
        (np.arange(1900) % 99, "regression"),  # 5.2 % of the rows
        ([0, 1, 0.5], "regression"),
    ],
)
def test_the_task_is_told_by_the_numbers(values: ArrayLike, task: Task) -> None:
    assert decide_task("d.csv", numbers(values), None) == task


def test_text_is_classified_and_the_task_can_be_overridden() -> None:
    assert decide_task("d.csv", texts("a", "b"), None) == "classification"
    assert decide_task("d.csv", numbers(np.arange(21)), "classification") == "classification"
    assert decide_task("d.csv", numbers([0, 1]), "regression") == "regression"


def test_impossible_tasks_are_refused() -> None:
    with pytest.raises(DataError, match=r'd\.csv: the target "y" is text \(such as "red"\)\. Leave --task regression'):
        decide_task("d.csv", texts("red", "blue"), "regression")
    with pytest.raises(DataError, match=r'the target "y" has fractions \(such as 0\.5\)\. Leave --task class'):
        decide_task("d.csv", numbers([1, 0.5]), "classification")


@pytest.mark.parametrize("column", [numbers([1, np.nan, 2, np.nan]), texts("a", None, "b", None)])
def test_missing_targets_are_counted(column: NumberColumn | TextColumn) -> None:
    with pytest.raises(DataError, match=r'd\.csv: 2 of 4 rows have no target in "y"\. Remove these rows'):
        decide_task("d.csv", column, None)


def test_classes_are_sorted_by_value_if_all_are_numbers_and_else_by_text() -> None:
    assert class_names("d.csv", numbers([10, 2, 10, -1])) == ("-1", "2", "10")
    assert class_names("d.csv", texts("10", "2", "1")) == ("1", "2", "10")
    assert class_names("d.csv", texts("b", "10", "a", "2")) == ("10", "2", "a", "b")


def test_texts_that_no_row_has_are_no_classes() -> None:
    assert class_names("d.csv", TextColumn("y", np.array([0, 2], np.int32), ("a", "b", "c"))) == ("a", "c")


def test_impossible_classes_are_refused() -> None:
    with pytest.raises(DataError, match=r'd\.csv: all 3 rows have the class "a"\. Give rows of at least two classes'):
        class_names("d.csv", texts("a", "a", "a"))
    with pytest.raises(DataError, match=r'the target "y" has 10001 classes, more than 10000\. .*--task regression'):
        class_names("d.csv", numbers(np.arange(10_001)))
    with pytest.raises(DataError, match=r"class numbers of 2\*\*53 or more cannot be told apart"):
        class_names("d.csv", numbers([2.0**53, 0]))


def test_small_classes_are_named_with_their_counts() -> None:
    y = np.array([0, 0, 0, 1, 1, 2], dtype=np.int32)
    check_class_sizes("d.csv", ("a", "b", "c"), y, at_least=1)
    with pytest.raises(DataError, match=r'd\.csv: class "b" has 2, "c" has 1, but each needs at least 3 rows'):
        check_class_sizes("d.csv", ("a", "b", "c"), y, at_least=3)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(min_size=1), min_size=2).filter(lambda values: len(set(values)) > 1))
def test_class_names_survive_the_way_there_and_back(values: list[str]) -> None:
    column = texts(*values)
    code = TargetCode("y", class_names("d.csv", column))
    y = code.encode("d.csv", column)
    assert y.dtype == np.int32 and y.min() >= 0 and y.max() < code.n_outputs
    assert [code.classes[number] for number in y] == values


def test_decoding_gives_class_names_or_the_target_in_its_own_units() -> None:
    assert TargetCode("y", ("a", "b")).decode(np.array([1, 0], np.int32)).tolist() == ["b", "a"]
    assert TargetCode("y", (), 10, 2).decode(np.array([1, -1], np.float32)).tolist() == [12, 8]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=30, unique=True))
def test_a_regression_target_is_standardised_on_its_training_rows(values: list[float]) -> None:
    column, train = numbers(values), np.arange(len(values) - 1)
    if np.std(values[:-1]) < 1e-3:
        return
    code = regression_code("d.csv", column, train)
    y = code.encode("d.csv", column)
    assert y.dtype == np.float32 and code.task == "regression" and code.n_outputs == 1
    assert abs(y[train].mean(dtype=np.float64)) < 1e-4
    assert abs(y[train].std(dtype=np.float64) - 1) < 1e-4
    reach = 1e6 * np.std(values[:-1])  # encoded targets end there
    expected = np.clip(values, code.mean - reach, code.mean + reach)
    np.testing.assert_allclose(code.decode(y), expected, atol=1e-5 * np.abs(values).max(), rtol=1e-5)


def test_a_constant_regression_target_is_refused() -> None:
    with pytest.raises(
        DataError, match=r'd\.csv: the target "y" is 3 in all training rows\. Give a target that varies'
    ):
        regression_code("d.csv", numbers([3, 3, 4]), np.array([0, 1]))


def test_a_wild_test_target_stays_finite() -> None:
    y = TargetCode("y", (), 0, 1e-30).encode("d.csv", numbers([1e30, -1e30]))
    assert y.tolist() == [1e6, -1e6]


def test_a_class_that_only_test_rows_have_is_refused() -> None:
    with pytest.raises(DataError, match=r'd\.csv: no training row has the class of some test rows: "c"\. Remove'):
        TargetCode("y", ("a", "b")).encode("d.csv", texts("a", "c"))
    with pytest.raises(DataError, match=r"the test target is text, the training target numbers"):
        TargetCode("y", ()).encode("d.csv", texts("a"))
