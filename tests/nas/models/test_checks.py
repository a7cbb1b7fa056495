from __future__ import annotations

import numpy as np
import pytest
import torch

from nas.models import PatternError, SparseLinear
from nas.models.checks import check_pattern, checked_rows


def test_leading_dimensions_become_rows() -> None:
    weight = torch.zeros(3)
    assert checked_rows("L", torch.zeros(4), 4, 2, weight).shape == (1, 4)
    assert checked_rows("L", torch.zeros(2, 3, 4), 4, 2, weight).shape == (6, 4)
    assert checked_rows("L", torch.zeros(0, 3, 4), 4, 2, weight).shape == (0, 4)


def test_rows_take_the_dtype_of_the_weights_under_autocast_only() -> None:
    x, weight = torch.zeros(2, 4, dtype=torch.bfloat16), torch.zeros(3)
    with torch.autocast("cpu", torch.bfloat16):
        assert checked_rows("L", x, 4, 2, weight).dtype == torch.float32
    with pytest.raises(ValueError, match=r"L: the input is torch.bfloat16 on cpu, the weights are torch.float32 on"):
        checked_rows("L", x, 4, 2, weight)


def test_only_a_pattern_that_is_there_is_compared() -> None:
    module = SparseLinear(4, 2, np.eye(2, 4, dtype=bool))
    state = {f"a.{name}": value for name, value in module.state_dict().items()}
    check_pattern(module, state, "a.")
    check_pattern(module, {}, "a.")
    state["a.indices"] = state["a.indices"] + 1
    with pytest.raises(PatternError, match=r"its a\.indices differs"):
        check_pattern(module, state, "a.")
