"""Searches with some methods of sparse training are asked for in turns, and compared at two sizes and by area."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from learned_wirings import AREA, METHODS, QUARTER, TASKS, WHOLE, analyse, searches_of, values
from wide_tables import NAMES, write_wide_table

from nas.data import prepare


def test_every_method_searches_every_data_set_with_the_same_options(tmp_path: Path) -> None:
    wanted = searches_of(TASKS, list(METHODS), Path("folder"), tmp_path, 6)
    assert len(wanted) == len(METHODS) * (6 * 4 + 5)
    assert len({tuple(one.key.values()) for one in wanted}) == len(wanted)
    of_mnist = [one for one in wanted if one.data == "mnist" and one.seed == 1]
    assert [one.method for one in of_mnist] == [*list(METHODS)[1:], "drawn only"]
    for one in of_mnist:
        assert (one.proposer, one.options[-1]) == METHODS[one.method]
        assert one.options[:-1] == ("--max-weights", "6000", "--methods")


def row(method: str, seed: int, front: list[list[float]]) -> dict[str, str]:
    return {"data": "mnist", "method": method, "seed": str(seed), "max_weights": "4000", "front": json.dumps(front)}


def test_scores_count_up_to_their_size() -> None:
    rows = [
        row("all", 0, [[200, 0.5, 0.5], [900, 0.8, 0.8], [4000, 0.9, 0.95]]),
        row("drawn only", 0, [[200, 0.5, 0.5], [1500, 0.8, 0.9], [4000, 0.9, 0.92]]),
    ]
    assert values(rows, WHOLE)["all"] == {0: 0.95} and values(rows, WHOLE)["drawn only"] == {0: 0.92}
    assert values(rows, QUARTER)["all"] == {0: 0.8} and values(rows, QUARTER)["drawn only"] == {0: 0.5}
    assert values(rows, AREA)["all"][0] > values(rows, AREA)["drawn only"][0] > 0
    assert "+0.3000" in analyse(rows)


@pytest.mark.parametrize(("name", "n_inputs", "n_classes"), [("one-hot", 280, 3), ("noise", 500, 4)])
def test_generated_tables_are_wide_and_the_same_each_time(
    tmp_path: Path, name: str, n_inputs: int, n_classes: int
) -> None:
    path = Path(write_wide_table(name, tmp_path / "a.csv"))
    assert path.read_text() == Path(write_wide_table(name, tmp_path / "b.csv")).read_text()
    dataset = prepare(str(path), target="class", seed=0)
    assert (dataset.n_inputs, dataset.n_outputs) == (n_inputs, n_classes)
    assert name in NAMES
