from __future__ import annotations

import numpy as np
import pytest

from search_spaces import SPACES, GenotypeError, PriorError, genotype_from_dict


@pytest.mark.parametrize("name", SPACES)
def test_the_space_tells_the_kind(name: str) -> None:
    genotype = SPACES[name](6, 2, 200).sample(np.random.default_rng(0))
    assert genotype_from_dict(genotype.to_dict()) == genotype
    assert type(genotype_from_dict(genotype.to_dict())) is type(genotype)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "None must be an object with named genes"),
        ({}, "space is None; it must be one of mlp, rnn"),
        ({"space": "cnn"}, "space is 'cnn'; it must be one of mlp, rnn"),
        ({"space": ["mlp"]}, r"space is \['mlp'\]"),
        ({"space": "rnn"}, 'RecurrentGenotype: the gene "segments" is missing'),
    ],
)
def test_other_json_is_refused(data: object, message: str) -> None:
    with pytest.raises(GenotypeError, match=message):
        genotype_from_dict(data)


def test_an_unknown_prior_is_named() -> None:
    data = SPACES["rnn"](6, 2, 200).sample(np.random.default_rng(0)).to_dict()
    data["segments"][0]["prior"] = "small-world"
    with pytest.raises(PriorError, match='unknown prior "small-world"'):
        genotype_from_dict(data)
