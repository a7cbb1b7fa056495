from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas import errors


def test_the_docstring_draws_the_whole_tree() -> None:
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, Exception)]
    drawn = {line.strip(" │├└─").split(" ")[0] for line in (errors.__doc__ or "").splitlines()}
    assert {c.__name__ for c in classes} <= drawn
    assert all(len((c.__doc__ or "").split(". ")) == 1 for c in classes)


@pytest.mark.parametrize("error", [errors.DataError, errors.ConfigError, errors.RunError, errors.BudgetError])
def test_what_a_user_can_correct_is_a_usage_error(error: type[Exception]) -> None:
    assert issubclass(error, errors.UsageError)
    assert not issubclass(error, errors.RunFailed)


def test_a_damaged_checkpoint_is_a_failed_run() -> None:
    assert issubclass(errors.CheckpointError, errors.RunFailed)
    assert not issubclass(errors.CheckpointError, errors.UsageError)


@given(st.text())
def test_quoted_text_is_one_short_printable_line(text: str) -> None:
    shown = errors.quoted(text)
    assert shown.isprintable()
    assert shown[0] == shown[-1] == '"'
    if text.isprintable():
        assert len(shown) <= errors.SHOWN_CHARACTERS + 2


def test_quoted_text_keeps_short_text_and_escapes_line_ends() -> None:
    assert errors.quoted("abc") == '"abc"'
    assert errors.quoted("a\nb") == '"a\\nb"'
    assert errors.quoted("x" * 41) == '"' + "x" * 37 + '..."'


def test_listed_names_say_how_many_are_left_out() -> None:
    assert errors.listed(["a", "b"]) == "a, b"
    assert errors.listed(["a", "b", "c"], limit=2) == "a, b and 1 more"


def test_counted_nouns_agree_with_their_number() -> None:
    assert [errors.counted(n, "row") for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
