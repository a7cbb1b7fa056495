from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby, pairwise

import numpy as np
import pytest
from candidates import COURSE, TOTAL_STEPS, ScriptedWorkers, candidate, complete, selection_ranks, state_at
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nas.checkpoint import load_standings, save_standings
from nas.early_evidence import nothing_expected
from nas.engine.recipe import Hyperparameters
from nas.generation import Candidate, Expected, Heat, Standing, rung_steps, train_generation, weight_seeds
from nas.jobs import Result
from nas.outcome import Ending, Outcome

Script = dict[str, list[tuple[float, ...] | str]]
Announced = list[tuple[str, Outcome]]


def the_reverse(rung: int, candidates: Sequence[Candidate], scores: Sequence[float]) -> NDArray[np.float64] | None:
    """Expects at the first rung that the worst there ends as the best."""
    return 1.0 - np.array(scores) if rung == 0 else None


class Killed(Exception):
    """The process ends while an outcome is being recorded."""


def sit(
    candidates: Sequence[Candidate],
    train: Callable[[Heat], None],
    known: Mapping[str, Outcome],
    standings: dict[str, Standing],
    announced: Announced,
    n_until_kill: int | None = None,
    earlier: Sequence[Outcome] = (),
    expected: Expected = nothing_expected,
) -> bool:
    """One attempt at a generation; outcomes are added to ``announced``."""

    def on_outcome(candidate: Candidate, outcome: Outcome) -> None:
        if n_until_kill is not None and len(announced) >= n_until_kill:
            raise Killed
        announced.append((candidate.key, outcome))

    heats = train_generation(candidates, COURSE, known, standings, on_outcome, earlier, expected)
    while True:
        try:
            heat = next(heats)
        except StopIteration as end:
            return bool(end.value)
        train(heat)


def whole(
    candidates: Sequence[Candidate],
    script: Script,
    seed: int = 0,
    earlier: Sequence[Outcome] = (),
    expected: Expected = nothing_expected,
) -> Announced:
    """The outcomes of a generation that is not interrupted."""
    announced: Announced = []
    workers = ScriptedWorkers(script, seed)
    assert sit(candidates, workers.train, {}, {}, announced, earlier=earlier, expected=expected)
    return announced


# Scores of few bits: ties are frequent, and means over seeds are exact.
score = st.integers(-4, 16).map(lambda s: s / 16)


@st.composite
def generations(draw: st.DrawFn) -> tuple[list[Candidate], Script]:
    """Candidates of some sizes, and what they score at each rung, or how they fail there."""
    sizes = draw(st.lists(st.integers(2, 9), min_size=1, max_size=12))
    n_seeds = draw(st.integers(1, 2))
    seeds = st.lists(score, min_size=n_seeds, max_size=n_seeds).map(tuple)
    candidates = [candidate(number, size) for number, size in enumerate(sizes)]
    script: Script = {}
    for one in candidates:
        n_reached = draw(st.sampled_from([3, 3, 3, 3, 2, 1, 0]))
        reached: list[tuple[float, ...] | str] = [draw(seeds) for _ in range(n_reached)]
        script[one.key] = reached + [f"diverged at rung {n_reached + 1}"] * (3 - n_reached)
    return candidates, script


@settings(deadline=None, max_examples=60)
@given(generations(), st.integers(0, 99))
def test_outcomes_do_not_depend_on_the_order_in_which_results_arrive(
    generation: tuple[list[Candidate], Script], seed: int
) -> None:
    assert whole(*generation, seed=0) == whole(*generation, seed=seed)


@settings(deadline=None, max_examples=120)
@given(generations())
def test_at_each_rung_the_best_by_size_go_on_and_the_others_stop(generation: tuple[list[Candidate], Script]) -> None:
    candidates, script = generation
    announced = whole(candidates, script)
    outcomes = dict(announced)
    assert sorted(key for key, _ in announced) == sorted(c.key for c in candidates)  # each exactly once
    alive, n_wanted = candidates, len(candidates)
    for rung in range(3):
        failing = [c for c in alive if isinstance(script[c.key][rung], str)]
        for c in failing:
            assert (outcomes[c.key].ending, outcomes[c.key].reason) == (Ending.FAILED, script[c.key][rung])
            assert list(outcomes[c.key].scores) == script[c.key][:rung]
        alive = [c for c in alive if c not in failing]
        means = [float(np.mean(script[c.key][rung])) for c in alive]  # type: ignore[arg-type]
        ranks = selection_ranks(means, [c.wiring.n_weights for c in alive], [c.key for c in alive])
        rank_of = {c.key: rank for c, rank in zip(alive, ranks, strict=True)}
        ended = [
            c for c in alive if outcomes[c.key].ending is not Ending.FAILED and len(outcomes[c.key].scores) == rung + 1
        ]
        kept = [c for c in alive if c not in ended]
        n_wanted = 0 if rung == 2 else math.ceil(n_wanted / (3, 2)[rung])
        n_kept = min(len(alive), n_wanted)
        assert len(kept) == n_kept
        for c in ended:
            outcome = outcomes[c.key]
            assert list(outcome.scores) == script[c.key][: rung + 1]
            assert rank_of[c.key] >= max((rank_of[k.key] for k in kept), default=(0, 0))
            stop = f"not among the best {n_kept} of {len(alive)} at rung {rung + 1}"
            expected = (Ending.COMPLETE, "") if rung == 2 else (Ending.STOPPED, stop)
            assert (outcome.ending, outcome.reason) == expected
        alive = kept
    assert all(outcomes[c.key].n_weights == c.wiring.n_weights for c in candidates)


@settings(deadline=None, max_examples=60)
@given(generations())
def test_a_candidate_is_trained_step_after_step_and_never_further_than_its_outcome(
    generation: tuple[list[Candidate], Script],
) -> None:
    candidates, script = generation
    workers, announced = ScriptedWorkers(script), []
    sit(candidates, workers.train, {}, {}, announced)
    for key, outcome in announced:
        spans = sorted((first, last) for span_key, first, last in workers.spans if span_key == key)
        n_legs = len(outcome.scores) + (outcome.ending is Ending.FAILED)
        assert spans == list(pairwise((0, *COURSE.rung_steps[:n_legs])))
        assert outcome.seconds == spans[-1][1]


interruptions = st.lists(
    st.tuples(
        st.integers(0, 25),  # results until Ctrl-C
        st.none() | st.integers(0, 8),  # outcomes until a kill
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=150)
@given(generations(), interruptions, st.sampled_from([nothing_expected, the_reverse]))
def test_a_generation_interrupted_or_killed_anywhere_ends_like_one_that_was_not(
    tmp_path_factory: pytest.TempPathFactory,
    generation: tuple[list[Candidate], Script],
    interruptions: list[tuple[int, int | None]],
    expected: Expected,
) -> None:
    candidates, script = generation
    file = tmp_path_factory.mktemp("run") / "standings"
    known: dict[str, Outcome] = {}
    for sitting, (n_results, n_until_kill) in enumerate([*interruptions, (10**6, None)]):
        standings = load_standings(file)
        announced: Announced = []
        workers = ScriptedWorkers(script, seed=sitting, n_results=n_results)
        try:
            is_finished = sit(candidates, workers.train, known, standings, announced, n_until_kill, (), expected)
            save_standings(file, standings)
        except Killed:  # the standings on disk are those of an earlier sitting, or there are none
            is_finished = False
        assert known.keys().isdisjoint(key for key, _ in announced)
        assert known.keys().isdisjoint(key for key, _, _ in workers.spans)
        known |= dict(announced)
    assert is_finished
    assert known == dict(whole(candidates, script, expected=expected))


@settings(deadline=None, max_examples=60)
@given(generations(), st.integers(0, 25))
def test_going_on_after_ctrl_c_trains_no_step_twice(generation: tuple[list[Candidate], Script], n_results: int) -> None:
    candidates, script = generation
    standings: dict[str, Standing] = {}
    announced: Announced = []
    first, second = ScriptedWorkers(script, 0, n_results), ScriptedWorkers(script, 1)
    is_finished = sit(candidates, first.train, {}, standings, announced)
    rest: Announced = []
    assert sit(candidates, second.train, dict(announced), standings, rest)
    assert not (is_finished and rest)
    spans = sorted(first.spans + second.spans)
    for _, of_key in groupby(spans, key=lambda span: span[0]):
        assert all(before[2] == after[1] for before, after in pairwise(of_key))


def test_standings_hold_what_is_under_way_and_nothing_else() -> None:
    candidates = [candidate(number, 5) for number in range(6)]
    script: Script = {c.key: [(0.5,), (0.5,), (0.5,)] for c in candidates}
    script[candidates[0].key] = ["diverged"] * 3
    standings: dict[str, Standing] = {}
    announced: Announced = []
    assert not sit(candidates, ScriptedWorkers(script, 0, n_results=4).train, {}, standings, announced)
    assert [outcome.ending for _, outcome in announced] in ([], [Ending.FAILED])
    assert standings.keys() == {c.key for c in candidates} - {key for key, _ in announced}
    assert sit(candidates, ScriptedWorkers(script).train, dict(announced), standings, announced)
    assert standings == {}


def test_a_failure_at_a_later_rung_keeps_the_scores_of_earlier_ones() -> None:
    only = candidate(0, 5)
    ((_, outcome),) = whole([only], {only.key: [(0.25,), "the worker was killed", "never reached"]})
    assert outcome == Outcome(Ending.FAILED, 5, ((0.25,),), float(rung_steps(TOTAL_STEPS)[1]), "the worker was killed")


def test_a_generation_of_nothing_but_failures_ends() -> None:
    candidates = [candidate(number, 5) for number in range(4)]
    announced = whole(candidates, {c.key: ["diverged"] * 3 for c in candidates})
    assert [key for key, _ in announced] == [c.key for c in candidates]
    assert {outcome.ending for _, outcome in announced} == {Ending.FAILED}
    assert whole([], {}) == []


def test_twenty_seven_candidates_are_cut_to_nine_and_to_five() -> None:
    candidates = [candidate(number, 2 + number) for number in range(27)]
    announced = whole(candidates, {c.key: [(0.75,)] * 3 for c in candidates})
    endings = [(outcome.ending, len(outcome.scores)) for _, outcome in announced]
    assert endings == [(Ending.STOPPED, 1)] * 18 + [(Ending.STOPPED, 2)] * 4 + [(Ending.COMPLETE, 3)] * 5
    # All scores are equal: the smallest network of each doubling comes first, then the second smallest of the first.
    best = {c.key for c in candidates if c.wiring.n_weights in (2, 4, 8, 16, 3)}
    assert {key for key, outcome in announced if outcome.ending is Ending.COMPLETE} == best


def test_rungs_are_a_ninth_a_third_and_the_whole() -> None:
    assert rung_steps(90) == (10, 30, 90)
    assert rung_steps(100) == (12, 34, 100)
    assert rung_steps(1) == (1, 1, 1)


@pytest.mark.parametrize("total_steps", [1, 2, 3, 7])
def test_the_shortest_trainings_have_rungs_too(total_steps: int) -> None:
    steps = rung_steps(total_steps)
    assert steps[0] >= 1 and steps[-1] == total_steps and list(steps) == sorted(steps)


def test_initial_weights_belong_to_the_candidate_the_run_and_the_set() -> None:
    keys = [candidate(number, 2).key for number in range(3)]
    seeds = [words for run in (0, 1) for key in keys for words in weight_seeds(run, key, 4)]
    assert len(set(seeds)) == len(seeds) == 24
    assert weight_seeds(1, keys[0], 2) == weight_seeds(1, keys[0], 4)[:2]


def test_a_job_is_the_candidate_with_its_state() -> None:
    one = candidate(3, 4)
    state = state_at(one.key, 10)
    job = COURSE.job(one, state)
    assert (job.key, job.wiring, job.state) == (one.key, one.wiring, state)
    genotype = one.genotype
    assert job.activation == genotype.activation  # type: ignore[union-attr]
    own = Hyperparameters(genotype.learning_rate, genotype.dropout, genotype.label_smoothing)
    assert job.hyperparameters == own
    assert job.weight_seeds == weight_seeds(COURSE.run_seed, one.key, COURSE.n_seeds)


def test_failures_are_told_in_the_same_order_with_and_without_an_interruption() -> None:
    generation = [candidate(number, 3 + number) for number in range(5)]

    def told(sittings: Sequence[bool]) -> list[str]:
        """Every candidate diverges; in a sitting that is cut short, only the last one gets that far."""
        announced: Announced = []
        standings: dict[str, Standing] = {}

        def train(is_cut_short: bool, heat: Heat) -> None:
            for place, job in enumerate(heat.jobs):
                is_cut = is_cut_short and place < len(heat.jobs) - 1
                heat.take(Result(job.key, job.state, (), 0.1, None if is_cut else "diverged"))

        for is_cut_short in sittings:
            sit(generation, partial(train, is_cut_short), {}, standings, announced)
        return [key for key, _ in announced]

    assert told([True, False]) == told([False]) == [one.key for one in generation]


def n_rungs_reached(
    generation: Sequence[Candidate], script: Script, earlier: Sequence[Outcome], expected: Expected = nothing_expected
) -> list[int]:
    outcomes = dict(whole(generation, script, 0, earlier, expected))
    return [len(outcomes[one.key].scores) for one in generation]


def test_a_candidate_that_earlier_generations_beat_is_stopped_before_one_that_they_do_not() -> None:
    generation = [candidate(number, size) for number, size in enumerate((2, 8, 8, 9))]
    script: Script = {one.key: [(0.9,)] * 3 for one in generation} | {generation[0].key: [(0.85,)] * 3}

    assert n_rungs_reached(generation, script, [])[0] > 1  # alone at the small end of the front
    assert n_rungs_reached(generation, script, [complete(2, 0.88, 0.88, 0.88)])[0] == 1


def test_those_expected_to_end_well_go_on_from_the_first_rung() -> None:
    generation = [candidate(number, 5) for number in range(6)]
    script: Script = {one.key: [((10 + number) / 16,)] * 3 for number, one in enumerate(generation)}

    assert n_rungs_reached(generation, script, []) == [1, 1, 1, 1, 2, 3]
    assert n_rungs_reached(generation, script, [], the_reverse) == [2, 3, 1, 1, 1, 1]  # from the second on by score


def test_what_is_expected_is_compared_with_the_final_scores_of_earlier_generations() -> None:
    generation = [candidate(number, size) for number, size in enumerate((2, 8, 8, 9))]
    script: Script = {one.key: [(0.9,)] * 3 for one in generation}

    def expected(rung: int, candidates: Sequence[Candidate], scores: Sequence[float]) -> NDArray[np.float64] | None:
        return np.array([0.95] + [0.97] * 3) if rung == 0 else None

    better_at_the_end, better_at_the_first = complete(2, 0.1, 0.1, 0.96), complete(2, 0.99, 0.99, 0.94)
    stopped = Outcome(Ending.STOPPED, 2, ((0.99,),), 1.0, "not among the best")
    assert n_rungs_reached(generation, script, [], expected)[0] > 1
    assert n_rungs_reached(generation, script, [better_at_the_end], expected)[0] == 1
    assert n_rungs_reached(generation, script, [better_at_the_first, stopped], expected)[0] > 1


def test_expectations_are_asked_for_the_living_with_their_mean_scores_and_not_for_nobody() -> None:
    asked = []

    def expected(rung: int, candidates: Sequence[Candidate], scores: Sequence[float]) -> None:
        asked.append((rung, [c.key for c in candidates], list(scores)))

    first, second, failing = (candidate(number, 5) for number in range(3))
    script: Script = {
        first.key: [(0.25, 0.75), "diverged"],
        second.key: [(0.0, 0.5), (0.0, 0.5)],
        failing.key: ["diverged"],
    }
    whole([first, failing, second], script, expected=expected)
    assert asked == [(0, [first.key, second.key], [0.5, 0.25])]


def test_each_heat_holds_all_that_is_to_be_trained_to_a_rung() -> None:
    candidates = [candidate(number, 2 + number) for number in range(9)]
    script: Script = {c.key: [(0.75,)] * 3 for c in candidates}
    heats: list[Heat] = []

    def train(heat: Heat) -> None:
        heats.append(heat)
        ScriptedWorkers(script).train(heat)

    sit(candidates, train, {}, {}, [])
    assert [heat.until_step for heat in heats] == list(COURSE.rung_steps)
    assert [len(heat.jobs) for heat in heats] == [9, 3, 2]
