from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nas.data.shared import SharedRows
from nas.description import Probe, describe
from nas.engine.layout import lay_out
from nas.engine.networks import first_state
from nas.generation import weight_seeds
from nas.training_free import training_free_scores
from predictors import extract, feature_names
from predictors.features import recorded_names
from predictors.features.training_free import TRAINING_FREE_NAMES
from search_spaces import MLPSpace, phenotype_key

SPACE = MLPSpace(n_inputs=4, n_outputs=2, max_weights=100)


@pytest.fixture
def rows(tmp_path: Path) -> SharedRows:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 255, size=(90, 4)).astype(np.uint8)
    scale, shift = np.full(4, 0.02, np.float32), np.full(4, -2.5, np.float32)
    return SharedRows.write(tmp_path / "rows", x, rng.integers(2, size=90), None, scale, shift)


def test_a_child_has_its_features() -> None:
    genotype = SPACE.sample(np.random.default_rng(1))
    features = describe(None, genotype, SPACE.wire(genotype))
    np.testing.assert_array_equal(features, extract(genotype, SPACE.wire(genotype)))
    assert recorded_names("mlp", len(features)) == feature_names("mlp")


def test_with_a_probe_training_free_scores_follow(rows: SharedRows) -> None:
    genotype = SPACE.sample(np.random.default_rng(1))
    wiring = SPACE.wire(genotype)
    features = describe(Probe(rows, 70, "classification", 5), genotype, wiring)
    names = recorded_names("mlp", len(features))
    assert names == (*feature_names("mlp"), *TRAINING_FREE_NAMES)
    network, stored = lay_out(SPACE.wire(genotype), genotype.activation), rows.open()
    (parameters,) = first_state(network, weight_seeds(5, phenotype_key(genotype, wiring), 3)).parameters[:1]
    values = (0.02 * stored.x[:64].astype(np.float64) - 2.5).T
    expected = training_free_scores(network, parameters, values, stored.y[:64].astype(float), "classification")
    np.testing.assert_allclose(features[-4:], expected, rtol=1e-4)
    np.testing.assert_array_equal(features[:-4], extract(genotype, wiring))


def test_other_numbers_of_features_have_no_names() -> None:
    with pytest.raises(ValueError, match="7 features"):
        recorded_names("mlp", 7)
