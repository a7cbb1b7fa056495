from __future__ import annotations

from typing import Any

import pytest

from search_spaces import MLPSpace, PriorError, RNNSpace, SpaceError
from search_spaces.limits import Limits


@pytest.mark.parametrize("space", [MLPSpace, RNNSpace])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_inputs": True}, "n_inputs is True; it must be an int, at least 1"),
        ({"max_weights": 3}, "max_weights is 3; it must be an int, at least"),
        ({"priors": ()}, "priors is empty"),
        ({"neurons": (4.0, 5)}, r"neurons is 4\.0\.\.5; it must be two ints in 1\.\.100000"),
        ({"max_depth": (3, 2)}, r"max_depth is 3\.\.2"),
        ({"learning_rate": (0.2, 0.1)}, r"learning_rate is 0\.2\.\.0\.1"),
    ],
)
def test_a_wrong_limit_is_named_with_its_space(space: type[Limits], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=f"{space.__name__}: {message}"):
        space(**{"n_inputs": 4, "n_outputs": 3, "max_weights": 100} | arguments)


@pytest.mark.parametrize("space", [MLPSpace, RNNSpace])
def test_unknown_priors_and_bounds_are_refused(space: type[Limits]) -> None:
    with pytest.raises(PriorError, match='unknown prior "ring"'):
        space(4, 2, 100, priors=("ring",))
    with pytest.raises(PriorError, match="must ascend"):
        space(4, 2, 100, bounds={"watts-strogatz": {"rewiring": (0.5, 0.1)}})


def test_the_smallest_network_decides_the_least_weights() -> None:
    assert MLPSpace(5, 3, 4).max_weights == 4
    assert RNNSpace(5, 3, 5 + 3 + 2 * 4).max_weights == 16
    assert RNNSpace(5, 3, 10, cells=("relu", "tanh")).max_weights == 10
    with pytest.raises(SpaceError, match="max_weights is 15; it must be an int, at least 16"):
        RNNSpace(5, 3, 15)
