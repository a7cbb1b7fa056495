from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.parameters import Parameter, PriorError
from search_spaces.priors import PRIORS

EVEN = Parameter("even", int, (2, 20), lambda n: (2, (n - 1) // 2 * 2), step=lambda n: 2)
SHARE = Parameter("share", float, (0.1, 1.0), lambda n: (0.0, 1.0), is_positive=True)

EVERY_PARAMETER = [(prior.name, parameter) for prior in PRIORS.values() for parameter in prior.parameters]


@pytest.mark.parametrize("value", [2, 4, 10])
def test_valid_values_pass(value: int) -> None:
    EVEN.check("ring", 12, value)


@pytest.mark.parametrize("value", [3, 0, 12, 4.0, True, None, "4"])
def test_invalid_ints_are_refused_with_the_valid_range(value: object) -> None:
    with pytest.raises(PriorError, match=r"ring with 12 neurons: even is .*; it must be an int, even and in 2\.\.10"):
        EVEN.check("ring", 12, value)


@pytest.mark.parametrize("value", [0.0, -0.1, 1.1, math.nan, math.inf, 1])
def test_invalid_floats_are_refused_with_the_valid_range(value: object) -> None:
    with pytest.raises(PriorError, match=r"share is .*; it must be a finite float, above 0 and at most 1"):
        SHARE.check("ring", 12, value)


def test_nearest_is_the_value_itself_when_valid() -> None:
    assert [EVEN.nearest(12, value) for value in (2, 10)] == [2, 10]
    assert [EVEN.nearest(12, value) for value in (-3, 99, 7.2)] == [2, 10, 8]
    assert SHARE.nearest(12, 0.0) == 0.1
    assert SHARE.nearest(12, 3) == 1.0


@settings(deadline=None, max_examples=100)
@given(
    owner=st.sampled_from(EVERY_PARAMETER),
    n_vertices=st.integers(3, 300),
    seed=st.integers(0, 2**32),
    value=st.floats(-10, 1000),
)
def test_every_way_to_a_value_gives_a_valid_one(
    owner: tuple[str, Parameter], n_vertices: int, seed: int, value: float
) -> None:
    name, parameter = owner
    rng = np.random.default_rng(seed)
    drawn = parameter.sample(n_vertices, rng)
    for valid in (drawn, parameter.vary(n_vertices, drawn, rng), parameter.nearest(n_vertices, value)):
        parameter.check(name, n_vertices, valid)


def test_varying_an_int_changes_it() -> None:
    rng = np.random.default_rng(0)
    assert all(EVEN.vary(12, 2, rng) != 2 for _ in range(50))
    assert all(EVEN.vary(12, 10, rng) != 10 for _ in range(50))
    assert EVEN.vary(3, 2, rng) == 2
