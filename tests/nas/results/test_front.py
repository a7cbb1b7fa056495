from __future__ import annotations

import pytest
from candidates import complete, trial
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.outcome import Ending, Outcome
from nas.ranking import doubling
from nas.recorder import Trial
from nas.results.front import best_of_front, front_by_doubling, known_of


def history(scores: dict[int, float]) -> list[Trial]:
    """A complete trial for each size."""
    return [trial(number, complete(size, 0.0, 0.0, score)) for number, (size, score) in enumerate(scores.items())]


def sizes(trials: list[Trial], confirmed: dict[str, float] | None = None) -> list[int]:
    return [one.trial.n_weights for one in front_by_doubling(known_of(trials, confirmed or {}, {}))]


def test_each_doubling_is_represented_by_its_best() -> None:
    assert sizes(history({70: 0.90, 100: 0.91, 120: 0.905, 200: 0.93, 250: 0.92, 900: 0.95})) == [100, 200, 900]


def test_of_equals_the_smaller_represents_a_doubling() -> None:
    assert sizes(history({100: 0.9, 70: 0.9, 90: 0.9})) == [70]


def test_a_doubling_is_left_out_where_a_smaller_network_is_at_least_as_good() -> None:
    assert sizes(history({70: 0.90, 150: 0.90, 300: 0.89, 600: 0.901})) == [70, 600]


def test_a_network_far_worse_than_the_best_is_of_no_use_however_small() -> None:
    assert sizes(history({10: 0.5, 100: 0.95})) == [100]


def test_what_could_not_be_confirmed_stays_on_the_front() -> None:
    trials = history({100: 0.90, 200: 0.92, 400: 0.94, 800: 0.95})
    front = front_by_doubling(known_of(trials, {trials[3].key: 0.94}, {}))
    assert [one.trial.n_weights for one in front] == [100, 200, 400, 800]
    assert [one.is_confirmed for one in front] == [False, False, False, True]
    assert [one.score for one in front] == [0.90, 0.92, 0.94, 0.94]


def test_networks_are_compared_by_what_is_expected_of_them_and_shown_by_their_scores() -> None:
    trials = history({100: 0.90, 110: 0.92, 200: 0.93})
    known = known_of(trials, {trials[2].key: 0.915}, {trials[0].key: 0.91, trials[1].key: 0.90, trials[2].key: 0.925})
    assert [one.expected for one in known] == pytest.approx([0.90, 0.89, 0.915])  # expectations fell by .010
    assert [one.score for one in known] == [0.90, 0.92, 0.915]
    assert [one.trial.n_weights for one in front_by_doubling(known)] == [100, 200]


def test_scores_of_the_search_count_less_by_as_much_as_confirmed_ones_fell() -> None:
    trials = history({100: 0.900, 200: 0.920, 400: 0.925, 800: 0.930})
    confirmed = {trials[1].key: 0.910, trials[3].key: 0.910}  # falls of .010 and .020
    known = known_of(trials, confirmed, {})
    assert [one.expected for one in known] == pytest.approx([0.885, 0.910, 0.910, 0.910])
    assert [one.score for one in known] == [0.900, 0.910, 0.925, 0.910]
    assert sizes(trials, confirmed) == [100, 200]


def test_a_confirmed_network_represents_its_doubling_before_a_lucky_one() -> None:
    trials = history({100: 0.90, 520: 0.940, 600: 0.945, 700: 0.95})
    # The best fell by .04, the second by nothing: the third would now be expected at .92, the first at .91.
    confirmed = {trials[3].key: 0.91, trials[2].key: 0.905}
    front = front_by_doubling(known_of(trials, confirmed, {}))
    assert [one.trial.n_weights for one in front] == [100, 700]


def test_the_best_is_a_confirmed_one_if_any_is() -> None:
    trials = history({100: 0.90, 300: 0.93, 800: 0.95})
    unconfirmed = front_by_doubling(known_of(trials, {}, {}))
    assert best_of_front(unconfirmed).trial.n_weights == 800
    confirmed = front_by_doubling(known_of(trials, {trials[1].key: 0.93}, {}))
    assert [one.trial.n_weights for one in confirmed] == [100, 300, 800]
    assert best_of_front(confirmed).trial.n_weights == 300


def test_only_trials_that_came_furthest_are_known() -> None:
    stopped = Outcome(Ending.STOPPED, 5, ((0.99,),), 1.0, "stopped")
    trials = [*history({100: 0.9}), trial(90, stopped), trial(91, None)]
    assert sizes(trials) == [100]
    assert front_by_doubling(known_of([trial(91, None)], {}, {})) == []


results = st.lists(
    st.tuples(st.integers(1, 50_000), st.floats(0.8, 1.0), st.none() | st.floats(0.8, 1.0)), min_size=1, max_size=40
)


@settings(deadline=None)
@given(results)
def test_a_front_rises_has_one_network_a_doubling_and_leaves_none_out_without_a_reason(
    drawn: list[tuple[int, float, float | None]],
) -> None:
    trials = [trial(number, complete(size, score)) for number, (size, score, _) in enumerate(drawn)]
    confirmed = {t.key: c for t, (_, _, c) in zip(trials, drawn, strict=True) if c is not None}
    known = known_of(trials, confirmed, {})
    front = front_by_doubling(known)
    expected = [one.expected for one in front]
    assert expected == sorted(set(expected))
    on_front = [doubling(one.trial.n_weights) for one in front]
    assert on_front == sorted(set(on_front))
    best = max(one.expected for one in known)
    floor = 1.0 - 3.0 * max(1.0 - best, 0.02)
    for one in known:
        smaller = [f for f in front if doubling(f.trial.n_weights) <= doubling(one.trial.n_weights)]
        represented = doubling(one.trial.n_weights) in on_front
        beaten = any(f.expected >= one.expected for f in smaller)
        lucky = not one.is_confirmed and any(
            k.is_confirmed and k.expected >= floor and doubling(k.trial.n_weights) == doubling(one.trial.n_weights)
            for k in known
        )
        assert represented or beaten or lucky or one.expected < floor
