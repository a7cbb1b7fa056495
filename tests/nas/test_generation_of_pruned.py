"""Candidates that are pruned after their training, among the others of a generation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from candidates import COURSE, ScriptedWorkers, candidate, complete, state_at

from nas.early_evidence import nothing_expected
from nas.engine.state import TrainingState
from nas.generation import Candidate, Expected, Standing, train_generation
from nas.outcome import Ending, Outcome
from search_spaces import phenotype_key
from search_spaces.sparse_training import SparseTraining

Script = dict[str, list[tuple[float, ...] | str]]
Announced = list[tuple[str, Outcome]]


def pruned_further(number: int, n_weights: int) -> Candidate:
    """A candidate that is pruned after its training."""
    one = candidate(number, n_weights)
    genotype = replace(one.genotype, sparse_training=SparseTraining(further=(0.5,)))
    return replace(one, key=phenotype_key(genotype, one.wiring), genotype=genotype, parents=(one.key,))


def test_what_is_pruned_further_begins_where_its_parent_ended_and_no_rung_stops_it() -> None:
    others, pruned = [candidate(number, 10 + number) for number in range(6)], pruned_further(9, 8)
    script: Script = {one.key: [(0.5,), (0.6,), (0.7,)] for one in others}
    script[pruned.key] = [(0.1,), (0.1,), (0.2,)]
    workers, announced = ScriptedWorkers(script), []
    state = state_at(pruned.key, COURSE.recipe.total_steps)
    standings = {pruned.key: Standing(state, ((0.9,), (0.95,)))}
    finished: dict[str, TrainingState] = {}
    heats = train_generation(
        [*others, pruned], COURSE, {}, standings, lambda c, o: announced.append((c.key, o)), finished=finished
    )
    for heat in heats:
        assert (pruned.key in {job.key for job in heat.jobs}) == (heat.until_step == COURSE.recipe.total_steps)
        workers.train(heat)
    outcomes = dict(announced)
    assert outcomes[pruned.key].ending is Ending.COMPLETE
    assert outcomes[pruned.key].scores == ((0.9,), (0.95,), (0.2,))
    assert sum(outcomes[one.key].ending is Ending.COMPLETE for one in others) == 1  # of six, two and one
    assert finished.keys() == {key for key, one in announced if one.ending is Ending.COMPLETE}


def test_what_was_pruned_further_is_a_rival_by_final_scores_alone() -> None:
    generation = [candidate(number, size) for number, size in enumerate((2, 8, 8, 9))]
    script: Script = {one.key: [(0.9,)] * 3 for one in generation} | {generation[0].key: [(0.85,)] * 3}
    rival = complete(2, 0.99, 0.99, 0.99)

    def n_rungs_of_the_smallest(expected: Expected) -> int:
        announced: Announced = []
        heats = train_generation(
            generation, COURSE, {}, {}, lambda c, o: announced.append((c.key, o)), (), expected, [rival]
        )
        workers = ScriptedWorkers(script)
        for heat in heats:
            workers.train(heat)
        return len(dict(announced)[generation[0].key].scores)

    assert n_rungs_of_the_smallest(nothing_expected) > 1
    assert n_rungs_of_the_smallest(lambda rung, candidates, scores: np.array(scores)) == 1
