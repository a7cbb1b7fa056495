"""Prints how long a wiring takes, for each prior and size: `python tests/benchmarks/wiring_speed.py`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from search_spaces import PRIORS, Genotype, MLPSpace, Segment

SIZES = ((200, 8.0), (2_000, 100.0), (5_000, 40.0), (4_000, 500.0))  # neurons, mean degree
N_REPEATS = 5


def best_milliseconds(call: Callable[[], object]) -> float:
    times = []
    for _ in range(N_REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def genotype_of(prior: str, n_neurons: int, mean_degree: float) -> Genotype:
    family = PRIORS[prior]
    drawn = family.sample(n_neurons, np.random.default_rng(0)) | ({"layers": 4} if prior == "layered" else {})
    parameters = tuple(sorted(family.with_degree(n_neurons, drawn, mean_degree).items()))
    segment = Segment(prior, parameters, n_neurons, 1, 0, n_neurons)
    return Genotype("mlp", (segment,), "index", 32, (), 4, "all", 1.0, "relu", 0.01)


def main() -> None:
    space = MLPSpace(n_inputs=64, n_outputs=10, max_weights=10_000_000)
    print(f"{'prior':16}{'neurons':>9}{'drawn':>10}{'weights':>10}{'depth':>7}{'ms':>9}")
    for n_neurons, mean_degree in SIZES:
        for prior in PRIORS:
            genotype = genotype_of(prior, n_neurons, mean_degree)
            wiring = space.wire(genotype)
            taken = best_milliseconds(lambda genotype=genotype: space.wire(genotype))
            drawn = round(n_neurons * mean_degree / 2)
            print(f"{prior:16}{n_neurons:9}{drawn:10}{wiring.n_weights:10}{wiring.depth:7}{taken:9.2f}")
    space, rng = MLPSpace(n_inputs=16, n_outputs=26, max_weights=10_000), np.random.default_rng(0)
    population = [space.sample(rng) for _ in range(200)]
    operators: dict[str, Callable[[], object]] = {
        "sample": lambda: [space.sample(rng) for _ in population],
        "wire": lambda: [space.wire(genotype) for genotype in population],
        "mutate": lambda: [space.mutate(genotype, rng) for genotype in population],
        "cross": lambda: [space.cross(population[0], genotype, rng) for genotype in population],
    }
    for name, call in operators.items():
        print(f"{name:16}{best_milliseconds(call) / len(population):9.2f} ms a candidate")


if __name__ == "__main__":
    main()
