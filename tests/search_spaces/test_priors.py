from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from search_spaces.parameters import PriorError
from search_spaces.priors import PRIORS, Prior, find_prior

BAD_PARAMETERS: list[tuple[str, int, dict[str, Any], str]] = [
    ("watts-strogatz", 10, {"neighbours": 3, "rewiring": 0.1}, "neighbours is 3; .* even and in 2..8"),
    ("watts-strogatz", 10, {"neighbours": 1, "rewiring": 0.1}, "neighbours is 1"),
    ("watts-strogatz", 10, {"neighbours": 10, "rewiring": 0.1}, "neighbours is 10"),
    ("watts-strogatz", 10, {"neighbours": 4, "rewiring": 1.5}, "rewiring is 1.5; .* in 0.0..1.0"),
    ("watts-strogatz", 10, {"neighbours": 4, "rewiring": float("nan")}, "rewiring is nan"),
    (
        "watts-strogatz",
        2,
        {"neighbours": 2, "rewiring": 0.5},
        "n_neurons is 2; it must be an int, at least 3",
    ),
    ("barabasi-albert", 10, {"attachments": 0}, "attachments is 0; it must be an int, in 1..9"),
    ("barabasi-albert", 10, {"attachments": 10}, "attachments is 10"),
    ("barabasi-albert", 1, {"attachments": 1}, "n_neurons is 1"),
    ("erdos-renyi", 10, {"mean_degree": 0.0}, "mean_degree is 0.0; .* above 0 and at most 9.0"),
    ("erdos-renyi", 10, {"mean_degree": 9.5}, "mean_degree is 9.5"),
    ("random-regular", 9, {"degree": 3}, "random-regular with 9 neurons: degree is 3; .* even and in 2..8"),
    ("random-regular", 10, {"degree": 0}, "degree is 0; it must be an int, in 1..9"),
    ("random-regular", 10, {"degree": 10}, "degree is 10"),
    ("layered", 5, {"layers": 6, "density": 0.5}, "layers is 6; it must be an int, in 1..5"),
    ("layered", 5, {"layers": 0, "density": 0.5}, "layers is 0"),
    ("layered", 5, {"layers": 2, "density": 0.0}, "density is 0.0"),
    ("layered", 5, {"layers": 2, "density": 1.1}, "density is 1.1"),
]


@pytest.mark.parametrize(("name", "n_neurons", "parameters", "message"), BAD_PARAMETERS)
def test_generator_and_check_refuse_out_of_range_parameters_alike(
    name: str, n_neurons: int, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(PriorError, match=message):
        PRIORS[name].check(n_neurons, parameters)
    with pytest.raises(PriorError, match=message):
        PRIORS[name].generate(n_neurons, np.random.default_rng(0), **parameters)


@pytest.mark.parametrize("parameters", [{}, {"degree": 3, "p": 1}, {"p": 3}])
def test_missing_and_unknown_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(PriorError, match=r"random-regular: parameters given are .*; they must be degree"):
        PRIORS["random-regular"].check(10, parameters)


def test_an_unknown_prior_is_told_the_nearest_and_all() -> None:
    with pytest.raises(PriorError, match='unknown prior "barabasi"; did you mean "barabasi-albert"') as error:
        find_prior("barabasi")
    assert all(name in str(error.value) for name in PRIORS)
    assert find_prior("layered") is PRIORS["layered"]


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
@pytest.mark.parametrize("n_neurons", [3, 4, 7, 50])
def test_sampled_parameters_make_a_graph(prior: Prior, n_neurons: int) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        parameters = prior.sample(n_neurons, rng)
        prior.check(n_neurons, parameters)
        edges = prior.generate(n_neurons, rng, **parameters)
        assert edges.shape == (len(edges), 2)


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_mean_degree_is_that_of_the_graph(prior: Prior) -> None:
    parameters = prior.with_degree(300, prior.sample(300, np.random.default_rng(1)), 12.0)
    edges = prior.generate(300, np.random.default_rng(2), **parameters)
    assert prior.mean_degree(300, parameters) == pytest.approx(12.0, rel=0.02)
    assert 2 * len(edges) / 300 == pytest.approx(12.0, rel=0.1)


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_with_degree_stays_in_range(prior: Prior) -> None:
    for n_neurons in (3, 4, 9):
        for degree in (0.0, 0.5, 100.0):
            drawn = prior.sample(n_neurons, np.random.default_rng(0))
            prior.check(n_neurons, prior.with_degree(n_neurons, drawn, degree))


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_the_generator_state_decides_the_graph(prior: Prior) -> None:
    drawn = prior.sample(40, np.random.default_rng(3)) | ({"layers": 3} if prior.name in ("layered", "shallow") else {})
    parameters = prior.with_degree(40, drawn, 6.0)
    first, again, other = (prior.generate(40, np.random.default_rng(seed), **parameters) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
