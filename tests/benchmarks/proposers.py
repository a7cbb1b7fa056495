"""Searches that differ by who proposes children alone: a method, and then what `nas` takes.

    python -c "from proposers import main; main()" random search letter.csv --target class --budget 30s

Random draws are from the space that ours searches, with its priors; "our start" are the networks as set by hand that
ours begins with, and it tells what they are worth without evolution. Regularised evolution is that of Real et al.
(2019): the oldest leave a population of 25, and the best of 5 drawn is mutated. "All trained anew" is ours without the
children that are a parent pruned further, with its weights. All share rungs, workers and finale.
The seam is the class that the loop of a search takes for its evolution.
"""

from __future__ import annotations

import sys
from typing import Any

import nas.cli

METHODS = ("random", "random, our start", "regularised evolution", "ours, gate off", "ours, gate on")
RANDOM, OUR_START, REGULARISED, GATE_OFF, GATED = METHODS
ALL_ANEW = "ours, all trained anew"
POPULATION, TOURNAMENT = 25, 5


def propose_at_random(*, with_our_start: bool) -> None:
    """From now on searches draw children from the space, whatever was learned.

    Args:
        with_our_start: Whether they begin with the networks as set by hand that ours begins with.
    """
    import nas.search
    from nas.evolution import Evolution

    class RandomDraws(Evolution):
        def __init__(self, *arguments: Any, first: Any = (), **options: Any) -> None:
            super().__init__(*arguments, first=first if with_our_start else (), **options)

        def _propose(self, parents: Any, rng: Any, of_operators: Any) -> Any:
            return self._space.sample(rng), ()

    nas.search.Evolution = RandomDraws  # type: ignore[misc]


def propose_by_regularised_evolution() -> None:
    """From now on children are mutants of the best of a few of the youngest."""
    import nas.search
    from nas.evolution import Evolution

    class RegularisedEvolution(Evolution):
        def __init__(self, *arguments: Any, first: Any = (), **options: Any) -> None:
            super().__init__(*arguments, **options)

        def _select(self, population: Any, members: Any) -> Any:
            return (*population, *members)[-POPULATION:]

        def _propose(self, parents: Any, rng: Any, of_operators: Any) -> Any:
            if len(parents) < TOURNAMENT:
                return self._space.sample(rng), ()
            drawn = rng.choice(len(parents), size=TOURNAMENT, replace=False)
            parent = max((parents[i] for i in drawn.tolist()), key=lambda member: (member.n_rungs, member.score))
            return self._space.mutate(parent.genotype, rng), (parent.key,)

    nas.search.Evolution = RegularisedEvolution  # type: ignore[misc]


def train_all_anew() -> None:
    """From now on no child is its parent pruned further."""
    from search_spaces import MLPSpace

    MLPSpace.prune = lambda self, genotype, rng: None  # type: ignore[method-assign]


def main() -> None:
    """Run `nas` by a method; loaded and timed as the console script is."""
    method, *arguments = sys.argv[1:]
    if method in (RANDOM, OUR_START):
        propose_at_random(with_our_start=method == OUR_START)
    elif method == REGULARISED:
        propose_by_regularised_evolution()
    elif method == ALL_ANEW:
        train_all_anew()
    elif method not in METHODS:
        raise SystemExit(f"The method is {method}; give one of {', '.join((*METHODS, ALL_ANEW))}.")
    sys.argv = ["nas", *arguments, *([] if method in (GATED, ALL_ANEW) else ["--no-predictor"])]
    nas.cli.main()
