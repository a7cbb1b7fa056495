from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.config import RunConfig, load_config, parse_duration
from nas.errors import BudgetError, ConfigError
from search_spaces import PRIORS


@pytest.fixture
def toml(tmp_path: Path):
    def write(text: str) -> Path:
        file = tmp_path / "run.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def refused(file: Path | None, flags: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(file, flags)
    message = str(caught.value)
    assert "\n" not in message and message.endswith((".", "?"))
    return message


def test_without_a_file_and_flags_everything_has_its_default() -> None:
    config = load_config(None, {})
    assert config.search.budget_s == 300.0 and config.search.trials is None
    assert config.search.priors == tuple(sorted(PRIORS))
    assert config.search.workers == os.cpu_count()
    assert (config.search.seed, config.search.space, config.search.population) == (0, None, None)
    assert (config.training.epochs, config.training.seeds) == (None, None)
    assert config.predictor.enabled
    assert (config.data.missing, config.data.quantile_copies) == ("refuse", "auto")


def test_a_file_is_read_and_flags_win_over_it(toml) -> None:
    file = toml(
        '[data]\nsource = "a.csv"\ntarget = "class"\n[search]\npriors = ["layered", "erdos-renyi", "layered"]\n'
        'budget = "90s"\nseed = 5\n[training]\nepochs = 7\n[predictor]\nenabled = true\nwarm_up = 12\n'
    )
    config = load_config(file, {"data.source": "b.csv", "search.seed": 0, "predictor.enabled": False})
    assert (config.data.source, config.data.target) == ("b.csv", "class")
    assert config.search.priors == ("erdos-renyi", "layered")
    assert (config.search.budget_s, config.search.seed, config.training.epochs) == (90.0, 0, 7)
    assert (config.predictor.enabled, config.predictor.warm_up) == (False, 12)


def test_a_flag_that_was_not_given_leaves_the_file_alone(toml) -> None:
    config = load_config(toml("[search]\nseed = 5\n"), {"search.seed": None, "search.trials": None})
    assert config.search.seed == 5


@pytest.mark.parametrize(
    ("text", "flag", "end"),
    [
        ("", {"search.trials": 60}, (None, 60)),
        ("[search]\ntrials = 60\n", {}, (None, 60)),
        ("[search]\ntrials = 60\n", {"search.budget": "5m"}, (300.0, None)),
        ('[search]\nbudget = "1h"\n', {"search.trials": 60}, (None, 60)),
        ("[search]\nbudget = 45\n", {}, (45.0, None)),
    ],
)
def test_a_search_has_one_end_and_that_of_a_flag_wins(toml, text: str, flag: dict[str, Any], end: tuple) -> None:
    search = load_config(toml(text), flag).search
    assert (search.budget_s, search.trials) == end


def test_a_file_with_both_ends_is_refused(toml) -> None:
    message = refused(toml('[search]\nbudget = "5m"\ntrials = 9\n'), {})
    assert message.endswith("search: give a budget or a number of trials, not both.")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[serach]\nseed = 1\n", ['unknown key "serach"', 'Did you mean "search"']),
        ("[search]\npoulation = 9\n", ['unknown key "search.poulation"', 'Did you mean "search.population"']),
        ("[search]\nbudget_s = 60\n", ['unknown key "search.budget_s"', 'Did you mean "search.budget"']),
        ("[training]\nepoch = 1\n", ['unknown key "training.epoch"', 'Did you mean "training.epochs"']),
        ("zzzzz = 1\n", ['unknown key "zzzzz"', "Known: data, predictor, search, training"]),
        ("search = 5\n", ["search must be a table, written as [search]", "Got 5"]),
        ('[search]\npriors = ["watts-strogaz"]\n', ['unknown prior "watts-strogaz"', 'mean "watts-strogatz"']),
        ("[search]\npriors = []\n", ["search.priors: at least one prior is needed, of watts-strogatz, "]),
        ('[search]\nspace = "mpl"\n', ['unknown space "mpl"', 'Did you mean "mlp"']),
        ("[search]\ntrials = 0\n", ["search.trials: ", "greater than or equal to 1. Got 0."]),
        ("[search]\npopulation = 1\n", ["search.population: ", "Got 1."]),
        ("[search]\nseed = -1\n", ["search.seed: ", "Got -1."]),
        ("[search]\nseed = 4294967296\n", ["search.seed: ", "less than 4294967296."]),
        ("[search]\nworkers = 0\n", ["search.workers: ", "Got 0."]),
        ('[search]\nmax_weights = "many"\n', ["search.max_weights: ", "valid integer", "Got 'many'."]),
        ("[search]\npopulation = 2.5\n", ["search.population: ", "Got 2.5."]),
        ('[search]\nmethods = ["prunned"]\n', ['unknown method of sparse training "prunned"', 'mean "pruned"']),
        ("[search]\nmethods = []\n", ["search.methods: at least one method of sparse training is needed, of static, "]),
        ('[search]\npriors = "layered"\n', ["search.priors: ", "Got 'layered'."]),
        ("[training]\nweight_decay = nan\n", ["training.weight_decay: ", "finite number. Got nan."]),
        ("[training]\nweight_decay = -0.1\n", ["training.weight_decay: ", "Got -0.1."]),
        ("[predictor]\nexploration_share = 1.5\n", ["predictor.exploration_share: ", "Got 1.5."]),
        ('[data]\ntask = "clustering"\n', ["data.task: ", "'classification' or 'regression'. Got 'clustering'."]),
        ('[data]\nmissing = "drop"\n', ["data.missing: ", "Got 'drop'."]),
        ("[data]\nquantile_copies = true\n", ["data.quantile_copies: ", "'auto', 'all' or 'none'. Got True."]),
        ("[search\n", ["is not TOML: ", "line 1"]),
        ("[search]\nseed = 1\nseed = 2\n", ["is not TOML: "]),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_one_line_with_the_place(toml, text: str, parts: list[str]) -> None:
    file = toml(text)
    message = refused(file, {})
    assert str(file) in message
    assert [part for part in parts if part not in message] == []


def test_what_is_wrong_in_a_flag_is_blamed_on_the_command_line() -> None:
    message = refused(None, {"search.priors": ["watts"]})
    assert message.startswith("the command line: search.priors") and 'unknown prior "watts"' in message
    assert "search.population: Input should be greater than or equal to 2. Got 1." in refused(
        None, {"search.population": 1}
    )


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "none.toml", {})
    assert "cannot be read: Is a directory" in refused(tmp_path, {})
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    assert "is not TOML" in refused(tmp_path / "binary.toml", {})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        (" 2 M ", 120),
        ("1.5m", 90),
        ("1d", 86400),
        ("10", 10),
        (600, 600),
        (12.5, 12.5),
    ],
)
def test_durations_are_understood(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 minutes", "-5m", "m5", "5m!", "1e3", "nan", "inf", "5m x", True])
def test_what_is_not_a_duration_is_refused(text: Any) -> None:
    with pytest.raises(BudgetError, match=r"is not a duration. Give for example 90s, 5m or 1h30m"):
        parse_duration(text)


def test_a_duration_of_several_parts_needs_their_units() -> None:
    with pytest.raises(BudgetError, match=r"'5m30' lacks a unit"):
        parse_duration("5m30")


@pytest.mark.parametrize("text", ["0", "9s", "9.9", "0m", "0h0m9s"])
def test_a_budget_in_which_nothing_can_be_searched_is_refused(text: str) -> None:
    with pytest.raises(BudgetError, match=r"is too short for a search. Give at least 10s"):
        parse_duration(text)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 9), st.integers(0, 59), st.integers(10, 59))
def test_a_duration_is_the_sum_of_its_parts(hours: int, minutes: int, seconds: int) -> None:
    assert parse_duration(f"{hours}h{minutes}m{seconds}s") == 3600 * hours + 60 * minutes + seconds


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=8))
def test_any_text_is_a_duration_of_at_least_ten_seconds_or_refused(text: str) -> None:
    try:
        assert parse_duration(text) >= 10
    except BudgetError as error:
        assert "\n" not in str(error)


def test_a_configuration_survives_json() -> None:
    config = load_config(None, {"search.trials": 9, "search.priors": ["layered"], "training.seeds": 2})
    text = json.dumps(config.model_dump(mode="json"), allow_nan=False)
    assert RunConfig.model_validate(json.loads(text)) == config


def test_how_candidates_are_trained_is_left_open_or_said(toml) -> None:
    open_ = load_config(None, {}).training
    assert (open_.clip_norm, open_.label_smoothing, open_.dropout) == (None, None, None)
    assert (open_.optimiser, open_.schedule, open_.momentum, open_.weight_decay) == ("adamw", "cosine", 0.9, 0.05)
    said = load_config(
        toml(
            '[training]\noptimiser = "sgd"\nschedule = "one-cycle"\nmomentum = 0\nclip_norm = 0\n'
            "label_smoothing = 0.25\ndropout = 0.5\nweight_decay = 0\n"
        ),
        {},
    ).training
    assert (said.optimiser, said.schedule, said.momentum, said.weight_decay) == ("sgd", "one-cycle", 0.0, 0.0)
    assert (said.clip_norm, said.label_smoothing, said.dropout) == (0.0, 0.25, 0.5)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('optimiser = "adam"', ["training.optimiser: ", "'adamw' or 'sgd'. Got 'adam'."]),
        ('schedule = "linear"', ["training.schedule: ", "'constant', 'cosine' or 'one-cycle'. Got 'linear'."]),
        ("momentum = 1.0", ["training.momentum: ", "less than 1. Got 1.0."]),
        ("momentum = -0.1", ["training.momentum: ", "Got -0.1."]),
        ("clip_norm = -1", ["training.clip_norm: ", "Got -1."]),
        ("clip_norm = inf", ["training.clip_norm: ", "finite number. Got inf."]),
        ("label_smoothing = 1.0", ["training.label_smoothing: ", "less than 1. Got 1.0."]),
        ("dropout = 1", ["training.dropout: ", "less than 1. Got 1."]),
        ("dropout = -0.5", ["training.dropout: ", "Got -0.5."]),
        ('dropout = "some"', ["training.dropout: ", "valid number", "Got 'some'."]),
        ("drop_out = 0.5", ['unknown key "training.drop_out"', 'Did you mean "training.dropout"']),
        ('optimizer = "sgd"', ['unknown key "training.optimizer"', 'Did you mean "training.optimiser"']),
    ],
)
def test_what_is_wrong_in_a_training_is_said_with_its_place(toml, text: str, parts: list[str]) -> None:
    message = refused(toml(f"[training]\n{text}\n"), {})
    assert [part for part in parts if part not in message] == []


@pytest.mark.parametrize("space", [None, "mlp", "rnn"])
def test_a_space_is_that_of_the_data_or_said(toml, space: str | None) -> None:
    assert load_config(None, {"search.space": space}).search.space == space
    assert load_config(toml("" if space is None else f'[search]\nspace = "{space}"\n'), {}).search.space == space


@pytest.mark.parametrize("flags", [{}, {"search.space": "rnn", "training.dropout": 0.5, "training.clip_norm": 0.0}])
def test_what_is_left_open_survives_json_too(flags: dict[str, Any]) -> None:
    config = load_config(None, flags)
    assert RunConfig.model_validate(json.loads(json.dumps(config.model_dump(mode="json")))) == config
