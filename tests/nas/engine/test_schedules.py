from __future__ import annotations

import numpy as np
import pytest
import torch

from nas.engine.schedules import SCHEDULES, learning_rates


def rates_of_torch(schedule: str, peak: float, total_steps: int) -> list[float]:
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=peak)
    if schedule == "cosine":
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, total_steps)
    elif schedule == "one-cycle":
        scheduler = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak, total_steps, cycle_momentum=False)
    else:
        scheduler = torch.optim.lr_scheduler.ConstantLR(optimiser, factor=1.0)
    rates = []
    for _ in range(total_steps):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("total_steps", [7, 40, 333])
def test_rates_are_those_of_torch(schedule: str, total_steps: int) -> None:
    rates = learning_rates(schedule, 0.02, 0, total_steps, total_steps)
    assert rates.dtype == np.float32
    np.testing.assert_allclose(rates, rates_of_torch(schedule, 0.02, total_steps), rtol=2e-4, atol=1e-9)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_part_of_the_rates_is_that_part_of_all(schedule: str) -> None:
    whole = learning_rates(schedule, 0.5, 0, 100, 100)
    np.testing.assert_array_equal(learning_rates(schedule, 0.5, 20, 40, 100), whole[20:40])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_training_of_one_step_has_a_rate(schedule: str) -> None:
    (rate,) = learning_rates(schedule, 0.5, 0, 1, 1)
    assert 0 < rate <= 0.5
