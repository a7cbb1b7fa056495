from __future__ import annotations

import pytest

from predictors.errors import PredictorError
from predictors.tables.cells import Cells
from predictors.tables.roles import Wishes, assign_roles

N = 30
COLUMNS = {
    "id": [str(i) for i in range(N)],
    "arch": [f"net{i}" for i in range(N)],
    "family": [("ws", "ba")[i % 2] for i in range(N)],
    "edges": ["0-1 0-2"] * N,
    "activation": [("relu", "tanh", "silu")[i % 3] for i in range(N)],
    "params": [str(i * i) for i in range(N)],
    "val_loss": [str(1 / (i + 1)) for i in range(N)],
    "accuracy": [str(i / N) for i in range(N)],
}


def without(*names: str, **more: list[str]) -> Cells:
    return Cells("t", {name: column for name, column in COLUMNS.items() if name not in names} | more)


def test_columns_are_told_by_name_and_values() -> None:
    roles = assign_roles(without(), Wishes())
    assert roles.target == "accuracy"
    assert (roles.recipe.graph, roles.recipe.family) == ("edges", "family")
    assert roles.recipe.columns == ("params", "val_loss")
    assert [one.column for one in roles.recipe.categories] == ["activation"]
    assert roles.size_names[:2] == ("params", "graph.nodes")
    assert any('"id", "arch"' in note for note in roles.notes)
    assert any('"val_loss" known before training' in note for note in roles.notes)


def test_wishes_go_first() -> None:
    wishes = Wishes(target="val_loss", group="activation", ignore=("acc*", "edges"), size=("params",))
    roles = assign_roles(without(), wishes)
    assert (roles.target, roles.group, roles.recipe.graph) == ("val_loss", "activation", None)
    assert roles.recipe.names == ("params",)
    assert roles.size_names == ("params",)


def test_a_pattern_does_not_ignore_what_is_named() -> None:
    roles = assign_roles(
        without("accuracy", val_accuracy=COLUMNS["accuracy"]), Wishes("val_accuracy", ignore=("val_*",))
    )
    assert roles.target == "val_accuracy"
    assert "val_loss" not in roles.recipe.names


def test_a_column_named_graph_without_graphs_is_a_category() -> None:
    roles = assign_roles(without("edges", graph=[("ws", "ba")[i % 2] for i in range(N)]), Wishes())
    assert roles.recipe.graph is None
    assert [one.column for one in roles.recipe.categories] == ["activation", "graph"]


def test_repeats_need_no_target() -> None:
    roles = assign_roles(
        without("accuracy", run1=COLUMNS["accuracy"], run2=COLUMNS["params"]), Wishes(repeats=("run*",))
    )
    assert roles.target is None
    assert roles.repeats == ("run1", "run2")
    assert not {"run1", "run2"} & set(roles.recipe.names)


@pytest.mark.parametrize(
    ("cells", "wishes", "said"),
    [
        (without("accuracy"), Wishes(), 'no column named target.*"id", "params", "val_loss"'),
        (without(score=["1"] * N), Wishes(), 'has "accuracy", "score"; say by --target'),
        (without(), Wishes(target="acuracy"), 'no column "acuracy"; did you mean "accuracy"'),
        (without(), Wishes(ignore=("parms",)), 'did you mean "params"'),
        (without(), Wishes(graph="params", ignore=("params",)), "to be used and ignored"),
        (without(), Wishes(size=("activation",)), "not among the numeric features"),
        (without("edges", "activation", "params", "val_loss"), Wishes(), "no column to predict from"),
        (Cells("t", {"a": ["x", "y"]}), Wishes(), "no numeric column"),
    ],
)
def test_what_cannot_be_decided_is_asked(cells: Cells, wishes: Wishes, said: str) -> None:
    with pytest.raises(PredictorError, match=said):
        assign_roles(cells, wishes)
