from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score

from predictors.regressors import REGRESSORS, Make, make_regressor

Table = tuple[NDArray[np.float64], NDArray[np.float64]]


def make_table(seed: int, n: int = 200) -> Table:
    """Rows of 8 features, of which the target depends on two, with a little noise."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, 8))
    return rows, np.tanh(rows[:, 0]) + 0.5 * rows[:, 3] + 0.05 * rng.normal(size=n)


MAKES: dict[str, Make] = {
    **REGRESSORS,
    "forest on ranks": partial(make_regressor, "forest", target="ranks"),
    "ridge and trees": partial(make_regressor, "bayesian-ridge+extra-trees"),
    "auto": partial(make_regressor, "auto"),
}
WITHOUT_CHANCE = ("gaussian-process", "bayesian-ridge", "neighbours", "support-vectors")
"""Whose means are the same for every seed."""
EVEN = ("bayesian-ridge", "gaussian-process")
"""Whose spread is that of one noise everywhere."""


@pytest.mark.parametrize("name", MAKES)
class TestEveryRegressor:
    def test_predicts_rows_it_has_not_seen(self, name: str) -> None:
        rows, targets = make_table(1)
        unseen, truth = make_table(2)
        assert r2_score(truth, MAKES[name](0).fit(rows, targets).predict(unseen).mean) > 0.7

    def test_gives_one_mean_and_spread_per_row_in_their_order(self, name: str) -> None:
        regressor = MAKES[name](0).fit(*make_table(1, n=40))
        unseen, _ = make_table(2, n=10)
        prediction, backwards = regressor.predict(unseen), regressor.predict(unseen[::-1])
        assert prediction.mean.shape == prediction.spread.shape == (10,)
        np.testing.assert_allclose(prediction.mean, backwards.mean[::-1], rtol=1e-9)
        np.testing.assert_allclose(prediction.spread, backwards.spread[::-1], rtol=1e-9)

    def test_equal_seeds_give_equal_bits_and_others_do_not(self, name: str) -> None:
        unseen, _ = make_table(2, n=10)
        means = [MAKES[name](seed).fit(*make_table(1, n=40)).predict(unseen).mean.tobytes() for seed in (0, 0, 2**40)]
        assert means[0] == means[1]
        if name not in WITHOUT_CHANCE:
            assert means[0] != means[2]

    def test_leaves_the_global_random_state_and_its_arguments_alone(self, name: str) -> None:
        rows, targets = make_table(1, n=20)
        copies = rows.copy(), targets.copy()
        before = np.random.get_state()[1].tolist()  # type: ignore[index, union-attr]  # noqa: NPY002
        MAKES[name](0).fit(rows, targets).predict(rows)
        assert np.random.get_state()[1].tolist() == before  # type: ignore[index, union-attr]  # noqa: NPY002
        assert (rows == copies[0]).all() and (targets == copies[1]).all()

    def test_a_second_fit_forgets_the_first(self, name: str) -> None:
        unseen, _ = make_table(3, n=10)
        again = MAKES[name](0).fit(*make_table(1, n=40)).fit(*make_table(2, n=40)).predict(unseen)
        assert again.mean.tobytes() == MAKES[name](0).fit(*make_table(2, n=40)).predict(unseen).mean.tobytes()

    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_learns_a_constant_from_few_rows_without_spread(self, name: str, n: int) -> None:
        rows, _ = make_table(1, n=n)
        prediction = MAKES[name](0).fit(rows, np.full(n, 0.25)).predict(rows)
        np.testing.assert_allclose(prediction.mean, 0.25)
        np.testing.assert_allclose(prediction.spread, 0.0, atol=1e-12)

    def test_no_rows_have_no_predictions(self, name: str) -> None:
        assert MAKES[name](0).fit(*make_table(1, n=5)).predict(np.empty((0, 8))).mean.shape == (0,)

    def test_is_less_sure_far_from_what_it_learned_of_noise(self, name: str) -> None:
        if name in EVEN:
            pytest.skip("its spread is that of one noise everywhere")
        rng = np.random.default_rng(0)
        rows = np.linspace(-1, 1, 200)[:, None]
        targets = np.where(rows[:, 0] > 0, rng.normal(size=200), 0.0)
        spread = MAKES[name](0).fit(rows, targets).predict(np.array([[-0.5], [0.5]])).spread
        assert spread[0] < spread[1]

    @pytest.mark.parametrize(
        ("rows", "targets"),
        [
            (np.empty((0, 3)), np.empty(0)),
            (np.ones((2, 3)), np.ones(3)),
            (np.ones((2, 3)), np.ones((2, 1))),
            (np.ones(3), np.ones(3)),
            (np.array([[np.nan], [1.0]]), np.ones(2)),
            (np.ones((2, 1)), np.array([np.inf, 1.0])),
        ],
    )
    def test_refuses_to_learn_from_unfit_tables(
        self, name: str, rows: NDArray[np.float64], targets: NDArray[np.float64]
    ) -> None:
        with pytest.raises(ValueError, match="give"):
            MAKES[name](0).fit(rows, targets)

    @pytest.mark.parametrize("rows", [np.ones((2, 7)), np.ones(8), np.full((1, 8), np.nan)])
    def test_refuses_to_predict_unfit_rows(self, name: str, rows: NDArray[np.float64]) -> None:
        regressor = MAKES[name](0).fit(*make_table(1, n=5))
        with pytest.raises(ValueError, match="rows"):
            regressor.predict(rows)

    def test_refuses_to_predict_before_it_learned(self, name: str) -> None:
        with pytest.raises(ValueError, match="call fit"):
            MAKES[name](0).predict(np.ones((1, 8)))


def test_the_forest_is_the_one_of_scikit_learn() -> None:
    rows, targets = make_table(1)
    unseen, _ = make_table(2, n=20)
    oracle = RandomForestRegressor(
        n_estimators=100,
        min_samples_leaf=2,
        max_features=1 / 3,
        random_state=int(np.random.SeedSequence(7).generate_state(1)[0]),
    ).fit(rows, (targets - targets.mean()) / targets.std())
    prediction = REGRESSORS["forest"](7).fit(rows, targets).predict(unseen)
    centre, scale = targets.mean(), targets.std()
    np.testing.assert_allclose(prediction.mean, centre + scale * oracle.predict(unseen))
    by_tree = np.stack([tree.predict(unseen) for tree in oracle.estimators_])
    np.testing.assert_allclose(prediction.spread, scale * by_tree.std(axis=0))


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="there are bayesian-ridge"):
        make_regressor("tree", 0)
    with pytest.raises(ValueError, match="there are plain"):
        make_regressor("forest", 0, "log")  # type: ignore[arg-type]
