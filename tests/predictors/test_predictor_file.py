from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.errors import PredictorError
from predictors.predictor_file import SavedPredictor, checksum, read_predictor, write_predictor
from predictors.tables import Recipe

numbers = st.floats(allow_nan=False, allow_infinity=False)


def made(n: int = 12, **changes: Any) -> SavedPredictor:
    rows = np.random.default_rng(0).normal(size=(n, 2))
    content = {
        "sources": ("t.csv",),
        "target": "accuracy",
        "minimize": False,
        "regressor": "bayesian-ridge",
        "transform": "plain",
        "seed": 0,
        "recipe": Recipe(columns=("a", "b")),
        "names": ("a", "b"),
        "size_names": ("a",),
        "rows": tuple(map(tuple, rows.tolist())),
        "targets": tuple((rows[:, 0] + 0.5 * rows[:, 1]).tolist()),
        "families": ("ws",) * n,
        "trust": {"n": n},
        "trust_lines": ("Trust it.",),
    }
    return SavedPredictor.model_validate(content | changes)


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=6), text=st.text(max_size=5))
def test_a_predictor_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, float, float]], text: str
) -> None:
    path = tmp_path_factory.mktemp("file") / "p.json"
    predictor = made(
        rows=tuple(row[:2] for row in rows),
        targets=tuple(row[2] for row in rows),
        families=(text,) * len(rows),
        target=text,
    )
    digest = write_predictor(path, predictor)
    assert read_predictor(path) == predictor
    assert digest == checksum(predictor) == checksum(read_predictor(path))
    first = path.read_bytes()
    write_predictor(path, predictor)
    assert path.read_bytes() == first
    assert [one.name for one in path.parent.iterdir()] == ["p.json"]


def test_loading_refits_to_the_same_predictions(tmp_path: Path) -> None:
    predictor, asked = made(), np.random.default_rng(1).normal(size=(5, 2))
    write_predictor(tmp_path / "p.json", predictor)
    first, second = predictor.predict(asked), read_predictor(tmp_path / "p.json").predict(asked)
    assert first.mean.tolist() == second.mean.tolist()
    assert first.spread.tolist() == second.spread.tolist()
    assert np.allclose(first.mean, asked @ [1, 0.5], atol=0.05)


def test_predictions_are_on_the_scale_of_the_source() -> None:
    predictor, asked = made(), np.random.default_rng(1).normal(size=(5, 2))
    negated = made(targets=tuple(-score for score in predictor.targets), minimize=True)
    assert np.allclose(negated.predict(asked).mean, predictor.predict(asked).mean)


def test_far_rows_and_unknown_families_are_outside() -> None:
    predictor = made()
    rows = np.array([predictor.rows[0], predictor.rows[0], (100.0, 0.0)])
    assert predictor.outside(rows, ("ws", "ba", "ws")).tolist() == [False, True, True]
    assert predictor.outside(rows).tolist() == [False, False, True]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.json"
    path.write_text("old")

    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_predictor(path, made())
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["p.json"]


def written(path: Path) -> dict[str, Any]:
    write_predictor(path, made())
    content: dict[str, Any] = json.loads(path.read_text())
    return content


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["predictor"].update(seed=1), "checksum differs"),
        (lambda c: c["predictor"]["rows"][0].__setitem__(0, 0.25), "checksum differs"),
        (lambda c: c.update(sha256="0"), "checksum differs"),
        (lambda c: c.update(version=2), "has version 2; this program reads version 1"),
        (lambda c: c.update(format="x"), "not a predictor file"),
        (lambda c: c.pop("sha256"), "not a valid predictor file: sha256"),
    ],
)
def test_changed_files_are_refused(tmp_path: Path, change: Any, said: str) -> None:
    path = tmp_path / "p.json"
    content = written(path)
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(PredictorError, match=said):
        read_predictor(path)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"format": NaN}', "hello", "[" * 100_000])
def test_damaged_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(PredictorError, match="predictor file"):
        read_predictor(tmp_path / "p.json")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    written(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(PredictorError, match="damaged"):
        read_predictor(path)
    with pytest.raises(PredictorError, match="cannot be read: No such file"):
        read_predictor(tmp_path / "none.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"regressor": "oracle"},
        {"targets": (1.0,)},
        {"names": ("a", "a")},
        {"rows": ((1.0,),) * 12},
        {"targets": (float("nan"),) * 12},
        {"size_names": ("z",)},
        {"families": ("ws",)},
    ],
)
def test_what_does_not_fit_together_is_no_predictor(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="SavedPredictor"):
        made(**changes)
