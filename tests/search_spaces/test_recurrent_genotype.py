from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from search_spaces import Edit, GenotypeError, RecurrentGenotype, Segment

SEGMENT = Segment("barabasi-albert", (("attachments", 2),), 12, 7, 0, 12)
GENOTYPE = RecurrentGenotype(
    space="rnn",
    segments=(SEGMENT,),
    orientation="index",
    max_depth=6,
    edits=(Edit("add_edges", 0.1, 9),),
    inputs_per_neuron=3,
    readout="sinks",
    readout_share=1.0,
    reading="layered",
    cell="gru",
    embedding=8,
    window=6,
    stride=4,
    differences=False,
    bidirectional=True,
    pooling="mean",
    learning_rate=0.01,
    dropout=0.1,
    label_smoothing=0.0,
)


def test_from_dict_gives_back_what_to_dict_wrote_to_json() -> None:
    assert RecurrentGenotype.from_dict(json.loads(json.dumps(GENOTYPE.to_dict()))) == GENOTYPE


def test_the_key_never_changes() -> None:
    assert GENOTYPE.key() == "e4bc2f5bf9f7f0200ba2c124eb88f5204e256b68dd450a8f1062c31aad8d71f3"


def test_the_key_depends_on_every_gene_of_its_own() -> None:
    others = [
        replace(GENOTYPE, reading="recurrent"),
        replace(GENOTYPE, cell="lstm"),
        replace(GENOTYPE, embedding=0),
        replace(GENOTYPE, window=7),
        replace(GENOTYPE, stride=3),
        replace(GENOTYPE, differences=True),
        replace(GENOTYPE, bidirectional=False),
        replace(GENOTYPE, pooling="all"),
        replace(GENOTYPE, learning_rate=0.02),
        replace(GENOTYPE, segments=(replace(SEGMENT, seed=8),)),
    ]
    assert len({other.key() for other in [GENOTYPE, *others]}) == len(others) + 1


@pytest.mark.parametrize(
    ("gene", "value", "message"),
    [
        ("reading", "deep", "reading is 'deep'; it must be one of layered, recurrent"),
        ("cell", "elman", "cell is 'elman'; it must be one of tanh, relu, lstm, gru"),
        ("embedding", -1, r"embedding is -1; it must be an int in 0\.\.100000"),
        ("embedding", 2.0, r"embedding is 2\.0"),
        ("window", 0, r"window is 0; it must be an int in 1\.\.10000"),
        ("stride", 0, r"stride is 0; it must be an int in 1\.\.6"),
        ("stride", 7, r"stride is 7; it must be an int in 1\.\.6"),
        ("differences", 1, "differences is 1; it must be True or False"),
        ("bidirectional", "yes", "bidirectional is 'yes'; it must be True or False"),
        ("pooling", "min", "pooling is 'min'; it must be one of last, mean, max, all"),
        ("learning_rate", 0.0, r"learning_rate is 0\.0; it must be a finite float above 0"),
        ("segments", (), "0 segments given; there must be 1 to 4"),
        ("space", "", "space is ''"),
    ],
)
def test_a_wrong_gene_is_named_with_its_value(gene: str, value: Any, message: str) -> None:
    with pytest.raises(GenotypeError, match=f"RecurrentGenotype: {message}"):
        replace(GENOTYPE, **{gene: value})


def test_from_dict_refuses_the_genes_of_perceptrons() -> None:
    with pytest.raises(GenotypeError, match='RecurrentGenotype: unknown gene "activation"'):
        RecurrentGenotype.from_dict(GENOTYPE.to_dict() | {"activation": "relu"})
