"""Bad input: one line on stderr, exit code 2, and nothing left behind."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import small_runs
from commands import TABLE, Said, nas, refused, with_line, write

from nas.cli import main


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "trees.csv", TABLE)


STRINGS = ["string,label", *(f"{'ab'[i % 2] * (1 + i % 5)}c,{i % 2}" for i in range(40))]
ARRAYS = {
    "x_train": np.random.default_rng(0).normal(size=(40, 5, 2)),
    "lengths_train": np.arange(40) % 5 + 1,
    "y_train": np.arange(40) % 2,
}


@pytest.fixture
def search(tmp_path: Path) -> Callable[..., str]:
    """A search that has to be refused and to leave nothing behind."""

    def refuse(*arguments: str | Path) -> str:
        line = refused(nas("search", *arguments, "--out", tmp_path / "runs"))
        assert not (tmp_path / "runs").exists()
        return line

    return refuse


def test_refusal_through_a_real_process(tmp_path: Path) -> None:
    command = [small_runs.NAS, "search", "flowers.csv"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)

    line = refused(Said(result.returncode, result.stdout, result.stderr))
    assert line.startswith('There is no file or folder "flowers.csv"')
    assert list(tmp_path.iterdir()) == []


def test_missing_file(search: Callable[..., str]) -> None:
    assert search("digit").endswith('Did you mean "digits"?')


def test_file_of_unknown_kind(search: Callable[..., str], tmp_path: Path) -> None:
    assert "unknown suffix" in search(write(tmp_path / "trees.txt", TABLE))


def test_file_that_is_not_what_its_name_says(search: Callable[..., str], tmp_path: Path) -> None:
    for name in ("trees.parquet", "trees.csv.gz"):
        line = search(write(tmp_path / name, TABLE), "--target", "species")
        assert line.startswith(f"{tmp_path / name} cannot be read")
    line = search(write(tmp_path / "trees.npz", TABLE))
    assert line.startswith(f"{tmp_path / 'trees.npz'} cannot be read")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission(search: Callable[..., str], table: Path) -> None:
    table.chmod(0)
    assert "cannot be read: Permission denied" in search(table, "--target", "species")


def test_text_that_is_not_utf8(search: Callable[..., str], table: Path) -> None:
    table.write_bytes(table.read_bytes() + b"1,2,\xff\xfe\n")
    assert "is not UTF-8 text" in search(table, "--target", "species")


def test_folder_without_images(search: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    assert "train-images-idx3-ubyte" in search(tmp_path / "images")


def test_no_target(search: Callable[..., str], table: Path) -> None:
    assert "--target" in search(table)
    assert 'Columns: "a", "b", "species"' in search(table)


def test_unknown_target_with_the_nearest_name(search: Callable[..., str], table: Path) -> None:
    assert search(table, "--target", "spices").endswith('has no column "spices". Did you mean "species"?')


def test_class_with_too_few_rows(search: Callable[..., str], tmp_path: Path) -> None:
    data = write(tmp_path / "few.csv", [*TABLE, "1,2,yew", "3,4,yew"])
    assert 'class "yew" has 2' in search(data, "--target", "species")


def test_stray_text_in_a_numeric_column(search: Callable[..., str], tmp_path: Path) -> None:
    data = write(tmp_path / "stray.csv", with_line(18, "tall,3,oak"))
    assert search(data, "--target", "species").startswith(f'{data} line 18, column "a": "tall" is not a number.')


def test_constant_columns_only(search: Callable[..., str], tmp_path: Path) -> None:
    data = write(tmp_path / "constant.csv", [TABLE[0], *(re.sub(r"^\d+,\d+", "1,2", line) for line in TABLE[1:])])
    assert "every feature is constant" in search(data, "--target", "species")


def test_empty_files(search: Callable[..., str], tmp_path: Path) -> None:
    assert "is empty" in search(write(tmp_path / "empty.csv", []), "--target", "species")
    assert "has a header but no rows" in search(write(tmp_path / "header.csv", TABLE[:1]), "--target", "species")


def test_one_class_only(search: Callable[..., str], tmp_path: Path) -> None:
    data = write(tmp_path / "one.csv", [re.sub(r"elm|ash", "oak", line) for line in TABLE])
    assert 'all 60 rows have the class "oak"' in search(data, "--target", "species")


@pytest.mark.parametrize("value", ["", "NaN", "?"])
def test_missing_values_with_count_and_columns(search: Callable[..., str], tmp_path: Path, value: str) -> None:
    data = write(tmp_path / "holes.csv", with_line(18, f"{value},3,oak"))
    assert search(data, "--target", "species").startswith(f'{data} has 1 missing value: "a" (1).')
    assert "--missing impute" in search(data, "--target", "species")


@pytest.mark.parametrize("value", ["inf", "-inf", "1e999", "1e39"])
def test_infinity(search: Callable[..., str], tmp_path: Path, value: str) -> None:
    data = write(tmp_path / "huge.csv", with_line(18, f"{value},3,oak"))
    assert f'line 18, column "a": "{value}" is not a finite 32-bit number' in search(data, "--target", "species")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_arrays_that_are_not_finite(search: Callable[..., str], tmp_path: Path, value: float) -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    x[7, 1] = value
    np.savez(tmp_path / "x.npz", x=x, y=np.arange(60) % 3)
    assert "row 7 at position 1" in search(tmp_path / "x.npz")


@pytest.mark.parametrize("budget", ["5s", "0", "-5m", "soon", "", "inf", "nan", "5m3", "1e3s"])
def test_impossible_budget(search: Callable[..., str], budget: str) -> None:
    assert search("wine", "--budget", budget).startswith(f"The budget '{budget}' ")


def test_budget_and_trials(search: Callable[..., str]) -> None:
    assert search("wine", "--budget", "10s", "--trials", "4") == "Give --budget or --trials, not both."


def test_unknown_prior_with_the_nearest_name(search: Callable[..., str]) -> None:
    line = search("wine", "--priors", "layered,watts-strogats")
    assert 'unknown prior "watts-strogats". Did you mean "watts-strogatz"?' in line


@pytest.mark.parametrize(
    ("option", "value", "key"),
    [
        ("--trials", "0", "search.trials"),
        ("--population", "1", "search.population"),
        ("--seeds", "0", "training.seeds"),
        ("--max-weights", "0", "search.max_weights"),
        ("--seed", "-1", "search.seed"),
        ("--workers", "0", "search.workers"),
        ("--missing", "drop", "data.missing"),
        ("--task", "clustering", "data.task"),
        ("--space", "rmn", "search.space"),
    ],
)
def test_option_out_of_range(search: Callable[..., str], option: str, value: str, key: str) -> None:
    line = search("wine", option, value)
    assert f"{key}: " in line
    assert value in line


def test_fewer_weights_than_a_network_needs(search: Callable[..., str]) -> None:
    assert "max_weights is 3; it must be an int, at least 4" in search("wine", "--max-weights", "3")


def test_regression_on_text(search: Callable[..., str], table: Path) -> None:
    assert 'the target "species" is text' in search(table, "--target", "species", "--task", "regression")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["[search]", "populatoin = 3"], 'unknown key "search.populatoin". Did you mean "search.population"?'),
        (["[serach]", "population = 3"], 'unknown key "serach". Did you mean "search"?'),
        (["[search"], "is not TOML"),
        (["search = 3"], "search must be a table, written as [search]. Got 3."),
        (["[search]", "population = 'many'"], "search.population: "),
        (["[search]", "budget = '1m'", "trials = 3"], "give a budget or a number of trials, not both"),
        (["[training]", "weight_decay = nan"], "training.weight_decay: Input should be a finite number"),
        (["[search.bounds.watts-strogatz]", "rewiring = [0.0, 2.0]"], "rewiring"),
        (["[search.bounds.watts-strogatz]", "rewiring = [0.5, 0.1]"], "rewiring"),
        (["[search.bounds.watts-strogatz]", "rewirin = [0.0, 1.0]"], 'the nearest known is "rewiring"'),
        (["[search.bounds.watts]", "rewiring = [0.0, 1.0]"], 'did you mean "watts-strogatz"?'),
    ],
)
def test_bad_configuration(search: Callable[..., str], tmp_path: Path, lines: list[str], expected: str) -> None:
    assert expected in search("wine", "--config", write(tmp_path / "nas.toml", lines))


def test_missing_configuration(search: Callable[..., str], tmp_path: Path) -> None:
    assert "nas.toml does not exist" in search("wine", "--config", tmp_path / "nas.toml")


@pytest.mark.parametrize("name", ["two words", "../up", "", "x" * 65])
def test_name_that_cannot_name_a_run(search: Callable[..., str], name: str) -> None:
    assert "cannot name a run" in search("wine", "--name", name)


@pytest.mark.parametrize("name", [(), ("--name", "mine")])
def test_out_that_is_a_file(table: Path, name: tuple[str, ...]) -> None:
    before = table.read_bytes()
    line = refused(nas("search", "wine", *name, "--out", table))

    assert str(table) in line
    assert "exists already" not in line
    assert table.read_bytes() == before


def test_seed_beyond_what_all_parts_can_take(search: Callable[..., str]) -> None:
    assert "search.seed: " in search("wine", "--seed", str(2**32))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "wine", "--trials", "x"], "Invalid value for '--trials'"),
        (["search", "wine", "--bugdet", "5m"], "--bugdet"),
        (["serch"], "No such command 'serch'"),
        (["search"], "Missing argument"),
    ],
)
def test_a_command_that_is_not_understood_is_refused_in_one_line(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["nas", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert ended.value.code == 2 and said.out == ""
    assert line.startswith("nas: ") and message in line and line.endswith("See nas --help.")


# --- sequences -------------------------------------------------------------------------------------------------------


@pytest.fixture
def strings(tmp_path: Path) -> Path:
    return write(tmp_path / "strings.csv", STRINGS)


def test_recurrent_networks_on_a_table(search: Callable[..., str], table: Path) -> None:
    line = search(table, "--space", "rnn")
    assert f'{table} has the header "a", "b", "species". For sequences write string,label' in line
    line = search(table, "--space", "rnn", "--target", "species")
    assert f'{table} has the columns "a", "b", "species". For sequences give "species" and one other' in line


@pytest.mark.parametrize("data", ["wine", "digits", "flowers.csv"])
def test_recurrent_networks_on_what_is_no_sequence(search: Callable[..., str], data: str) -> None:
    assert "built-in grammars (reber, reber-embedded)" in search(data, "--space", "rnn")


def test_recurrent_networks_on_images(search: Callable[..., str], tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.zeros((20, 4), np.uint8), y=np.arange(20) % 2)
    line = search(tmp_path / "x.npz", "--space", "rnn")
    assert 'has the keys "x", "y". Store x_train, lengths_train and y_train' in line
    (tmp_path / "folder").mkdir()
    assert "has no sequences" in search(tmp_path / "folder", "--space", "rnn")


@pytest.mark.parametrize("data", ["reber", "reber-embedded"])
def test_networks_without_memory_on_a_grammar(search: Callable[..., str], data: str) -> None:
    line = search(data, "--space", "mlp")
    assert line == (f"{data} holds sequences, not rows of a table. Search recurrent networks for it: --space rnn.")


def test_unknown_space_with_the_nearest_name(search: Callable[..., str]) -> None:
    assert 'search.space: unknown space "rmn". Did you mean "rnn"?' in search("reber", "--space", "rmn")
    assert 'search.space: unknown space "cnn".' in search("wine", "--space", "cnn")


@pytest.mark.parametrize("option", [(), ("--space", "rnn")])
def test_imputing_into_sequences(search: Callable[..., str], strings: Path, option: tuple[str, ...]) -> None:
    for data in ("reber", strings):
        line = search(data, "--missing", "impute", *option)
        assert line == "Sequences have no missing values to impute. Leave --missing out."


def test_quantiles_of_sequences(search: Callable[..., str], tmp_path: Path) -> None:
    config = write(tmp_path / "nas.toml", ["[data]", 'quantile_copies = "all"'])
    line = search("reber", "--config", config)
    assert line == "Sequences have no quantile copies. Leave data.quantile_copies out."


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"lengths_train": np.arange(40)},
            "lengths_train is 0 in row 0, but x_train holds 5 steps. Store lengths from 1",
        ),
        ({"lengths_train": np.full(40, 6)}, "lengths_train is 6 in row 0, but x_train holds 5 steps"),
        ({"lengths_train": np.full(40, -1)}, "lengths_train is -1 in row 0"),
        ({"lengths_train": np.ones(39, int)}, "lengths_train is int64 of shape (39,), but x_train has 40 sequences"),
        ({"lengths_train": np.ones(40)}, "lengths_train is float64 of shape (40,)"),
        ({"y_train": np.zeros(39, int)}, "x_train has 40 sequences, y_train 39 targets"),
        ({"y_train": np.zeros(40, int)}, 'all 40 rows have the class "0"'),
        ({"x_train": np.full((40, 5, 2), np.nan)}, "beyond float32, NaN or infinite, the first in row 0 at step 0"),
        ({"x_train": np.ones((40, 5, 2))}, "every channel is constant over the training sequences"),
        ({"x_train": np.zeros((40, 5, 2, 2))}, "has shape (40, 5, 2, 2). Store sequences as (n, time, channels)"),
        ({"x_test": np.zeros((3, 5, 2))}, "Store x_train, lengths_train and y_train, optionally with x_test"),
    ],
)
def test_arrays_of_sequences_that_do_not_fit(
    search: Callable[..., str], tmp_path: Path, changes: dict[str, np.ndarray], expected: str
) -> None:
    np.savez(tmp_path / "x.npz", **{**ARRAYS, **changes})
    assert expected in search(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (STRINGS[:1], "has a header but no rows"),
        ([*STRINGS, ",1"], "1 string without a character, the first in row 41"),
        ([*STRINGS, "abc"], "cannot be read"),
        ([*STRINGS, "abc,"], '1 of 41 rows have no target in "label"'),
        ([*STRINGS, "abc,2"], 'class "2" has 1'),
        ([STRINGS[0], *(f"{line[0]},1" for line in STRINGS[1:])], 'all 40 rows have the class "1"'),
    ],
)
def test_strings_that_cannot_be_learned(
    search: Callable[..., str], tmp_path: Path, lines: list[str], expected: str
) -> None:
    assert expected in search(write(tmp_path / "strings.csv", lines))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--target", "word"), 'For sequences give "word" and one other'),
        (("--task", "regression"), "is text"),
        (("--max-weights", "9"), "max_weights is 9; it must be an int, at least"),
        (("--priors", "layerd"), 'Did you mean "layered"?'),
        (("--methods", "static,rigle"), 'unknown method of sparse training "rigle". Did you mean "rigl"?'),
    ],
)
def test_options_that_do_not_fit_strings(
    search: Callable[..., str], strings: Path, arguments: tuple[str, ...], expected: str
) -> None:
    assert expected in search(strings, *arguments)


@pytest.mark.parametrize("data", ["reber", "x.npz"])
def test_a_target_of_what_has_no_columns(search: Callable[..., str], tmp_path: Path, data: str) -> None:
    np.savez(tmp_path / "x.npz", **ARRAYS)
    line = search(tmp_path / data if data.endswith("npz") else data, "--target", "label")
    assert 'has no columns, so none is called "label". Leave --target out.' in line


def test_arrays_of_sequences_are_not_read_as_rows(search: Callable[..., str], tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **ARRAYS)
    line = search(tmp_path / "x.npz", "--space", "mlp")
    assert "holds sequences, with lengths_train. Leave --space out, or give --space rnn." in line
