from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from search_spaces import Edit, Genotype, GenotypeError, PriorError, Segment

SEGMENT = Segment("watts-strogatz", (("neighbours", 4), ("rewiring", 0.25)), 12, 0, 0, 12)
GENOTYPE = Genotype(
    space="mlp",
    segments=(SEGMENT, Segment("random-regular", (("degree", 3),), 8, 5, 4, 8)),
    orientation="index",
    max_depth=6,
    edits=(Edit("add_edges", 0.1, 9), Edit("remove_neurons", 0.2, 10)),
    inputs_per_neuron=3,
    readout="all",
    readout_share=0.5,
    activation="relu",
    learning_rate=0.01,
    dropout=0.0,
    label_smoothing=0.1,
    input_choice="random",
)


def test_from_dict_gives_back_what_to_dict_wrote_to_json() -> None:
    assert Genotype.from_dict(json.loads(json.dumps(GENOTYPE.to_dict()))) == GENOTYPE


def test_the_key_never_changes() -> None:
    assert GENOTYPE.key() == "f5469e00375061168447b88bd8ede655aff6d8ecd6e31d1d844eed8bd72a93d5"


def test_the_key_depends_on_every_gene() -> None:
    others = [
        replace(GENOTYPE, space="rnn"),
        replace(GENOTYPE, segments=(SEGMENT,)),
        replace(GENOTYPE, segments=GENOTYPE.segments[::-1]),
        replace(GENOTYPE, segments=(replace(SEGMENT, seed=1), GENOTYPE.segments[1])),
        replace(GENOTYPE, segments=(replace(SEGMENT, start=1), GENOTYPE.segments[1])),
        replace(GENOTYPE, orientation="random"),
        replace(GENOTYPE, max_depth=7),
        replace(GENOTYPE, edits=GENOTYPE.edits[::-1]),
        replace(GENOTYPE, inputs_per_neuron=4),
        replace(GENOTYPE, readout="sinks"),
        replace(GENOTYPE, readout_share=0.25),
        replace(GENOTYPE, activation="tanh"),
        replace(GENOTYPE, learning_rate=0.011),
        replace(GENOTYPE, dropout=0.1),
        replace(GENOTYPE, label_smoothing=0.05),
        replace(GENOTYPE, input_choice="patch"),
    ]
    assert len({other.key() for other in [GENOTYPE, *others]}) == len(others) + 1


@pytest.mark.parametrize(
    ("gene", "value", "message"),
    [
        ("space", "", "space is ''"),
        ("segments", (), r"0 segments given; there must be 1 to 4"),
        ("segments", (SEGMENT,) * 5, "5 segments given"),
        ("segments", [SEGMENT], "must be a tuple of Segment values"),
        ("orientation", "up", "orientation is 'up'; it must be one of index, random"),
        ("max_depth", 0, "max_depth is 0; it must be an int in 1"),
        ("max_depth", True, "max_depth is True"),
        ("edits", (Edit("add_edges", 0.1, 1),) * 9, "9 edits given; there must be 0 to 8"),
        ("inputs_per_neuron", -1, "inputs_per_neuron is -1"),
        ("inputs_per_neuron", 2.0, "inputs_per_neuron is 2.0"),
        ("readout", "last", "readout is 'last'; it must be one of sinks, all"),
        ("readout_share", 0.0, "readout_share is 0.0; it must be a finite float above 0 and at most 1.0"),
        ("readout_share", 1.5, "readout_share is 1.5"),
        ("activation", "step", "it must be one of relu, tanh, gelu, silu"),
        ("learning_rate", math.nan, "learning_rate is nan; it must be a finite float above 0"),
        ("learning_rate", math.inf, "learning_rate is inf"),
        ("learning_rate", np.float64(0.1), r"learning_rate is np.float64\(0.1\)"),
    ],
)
def test_a_wrong_gene_is_named_with_its_value(gene: str, value: Any, message: str) -> None:
    with pytest.raises(GenotypeError, match=message):
        replace(GENOTYPE, **{gene: value})


@pytest.mark.parametrize(
    ("gene", "value", "message"),
    [
        ("n_neurons", 0, "n_neurons is 0"),
        ("n_neurons", 10**9, "n_neurons is 1000000000; it must be an int in 1..100000"),
        ("seed", -1, "seed is -1"),
        ("start", 12, r"start is 12; it must be an int in 0\.\.11"),
        ("stop", 0, r"stop is 0; it must be an int in 1\.\.12"),
        ("stop", 13, "stop is 13"),
        ("prior", 3, "prior is 3"),
        ("parameters", {"neighbours": 4}, "must be a tuple of pairs"),
        ("parameters", (("neighbours", "4"),), "neighbours is '4'; it must be a finite int or float"),
        ("parameters", (("rewiring", 0.1), ("neighbours", 4)), "must be sorted by name"),
        ("parameters", (("neighbours", 4), ("neighbours", 4)), "each given once"),
    ],
)
def test_a_wrong_gene_of_a_segment_is_named(gene: str, value: Any, message: str) -> None:
    with pytest.raises(GenotypeError, match=message):
        replace(SEGMENT, **{gene: value})


def test_a_segment_knows_its_prior() -> None:
    with pytest.raises(PriorError, match='unknown prior "wats-strogatz"; did you mean "watts-strogatz"'):
        replace(SEGMENT, prior="wats-strogatz")
    with pytest.raises(PriorError, match=r"neighbours is 5; it must be an int, even and in 2\.\.10"):
        replace(SEGMENT, parameters=(("neighbours", 5), ("rewiring", 0.25)))


@pytest.mark.parametrize("share", [0.0, 0.51, math.nan, 1])
def test_an_edit_changes_at_most_half(share: float) -> None:
    with pytest.raises(GenotypeError, match=r"above 0 and at most 0\.5"):
        Edit("add_edges", share, 1)


def test_an_edit_has_a_known_kind() -> None:
    with pytest.raises(GenotypeError, match="kind is 'flip'; it must be one of add_edges"):
        Edit("flip", 0.1, 1)  # type: ignore[arg-type]


def test_from_dict_refuses_missing_and_unknown_genes() -> None:
    data = GENOTYPE.to_dict()
    with pytest.raises(GenotypeError, match='unknown gene "max_dept"; the nearest known is "max_depth"'):
        Genotype.from_dict(data | {"max_dept": 3})
    with pytest.raises(GenotypeError, match='Edit: the gene "seed" is missing'):
        Genotype.from_dict(data | {"edits": [{"kind": "add_edges", "share": 0.1}]})
    del data["readout"]
    with pytest.raises(GenotypeError, match='Genotype: the gene "readout" is missing'):
        Genotype.from_dict(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "None must be an object"),
        (GENOTYPE.to_dict() | {"segments": "x"}, "segments is 'x'; it must be a list"),
        (GENOTYPE.to_dict() | {"segments": [3]}, "Segment: 3 must be an object"),
        (GENOTYPE.to_dict() | {"learning_rate": float("nan")}, "learning_rate is nan"),
        (GENOTYPE.to_dict() | {"segments": [SEGMENT.__dict__ | {"parameters": [1]}]}, r"parameters is \[1\]"),
    ],
)
def test_from_dict_refuses_other_json(data: object, message: str) -> None:
    with pytest.raises(GenotypeError, match=message):
        Genotype.from_dict(data)


def test_from_dict_leaves_its_argument_alone() -> None:
    data = GENOTYPE.to_dict()
    Genotype.from_dict(data)
    assert data == GENOTYPE.to_dict()
