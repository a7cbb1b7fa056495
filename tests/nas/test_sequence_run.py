"""Whole runs on sequences: as those on tables, with recurrent networks."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import small_runs
from commands import nas, refused, write
from rich.console import Console

from nas.config import load_config
from nas.data import AnyDataset, encode_new_sequences, prepare, prepare_sequences, sequence_load
from nas.data.reber import reber_strings
from nas.deployment import network_folder
from nas.engine.batches import plan_batches
from nas.errors import UsageError
from nas.further_pruning import prune_further
from nas.inputs import sequences_of
from nas.network_file import load_network
from nas.recorder import STUDY_NAME, read_history
from nas.report.file import read_report
from nas.report.terminal import print_report
from nas.run import start_run
from nas.rundir import RunDirectory
from nas.setup import DROPOUT, LABEL_SMOOTHING, recipe_for, regularisation_ranges, with_space
from search_spaces import RecurrentGenotype, RecurrentWiring

RULES = ["bigram rule", "trigram rule", "length rule"]


@pytest.fixture(scope="module")
def strings_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished search of the small strings, by one worker and without a break; not to be changed."""
    folder = tmp_path_factory.mktemp("strings")
    small_runs.search_strings(folder, "whole", search__workers=1)
    return folder / "whole"


@pytest.fixture(scope="module")
def reber_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished search of 600 strings of the Reber grammar."""
    folder = tmp_path_factory.mktemp("reber")
    flags = {"data.source": "reber", "search.trials": 4, "search.population": 4, "search.workers": 1}
    config = load_config(write(folder / "few.toml", ["[training]", "epochs = 8", "seeds = 1"]), flags)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequence_load, "reber_strings", partial(reber_strings, 600))
        start_run(config, folder, "reber", small_runs.silent(), time.monotonic())
    return folder / "reber"


def test_a_recurrent_network_is_pruned_further_too(strings_run: Path, tmp_path: Path) -> None:
    shutil.copytree(strings_run, tmp_path / "mine")
    run, curve = RunDirectory(tmp_path / "mine"), []
    n_weights = load_network(network_folder(run, None)).wiring.n_weights
    added = prune_further(run, None, n_weights // 4, "magnitude", curve.append)
    assert added and curve[-1].n_weights < n_weights
    for row in added:
        network = load_network(network_folder(run, row["trial"]))
        assert isinstance(network.wiring, RecurrentWiring)
        assert network.wiring.n_weights == row["n_weights"] < n_weights
    assert read_report(run)["front"][0]["trial"] == added[0]["trial"]
    with pytest.raises(
        UsageError, match="--saliency is first-order; the networks of mine are recurrent: give random, "
    ):
        prune_further(run, None, None, "first-order", curve.append)


def sums_file(path: Path, n: int, names: tuple[str, str, str]) -> Path:
    """Arrays of two channels, and the sum of the first over the true steps as their target."""
    rng = np.random.default_rng(n)
    x, lengths = rng.normal(size=(n, 5, 2)), rng.integers(1, 6, n)
    y = np.array([row[:length, 0].sum() for row, length in zip(x, lengths, strict=True)])
    x[np.arange(5) >= lengths[:, None]] = 1e9  # not to be looked at
    np.savez(path, **dict(zip(names, (x, lengths, y), strict=True)))
    return path


@pytest.fixture(scope="module")
def sums_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished search of a regression on arrays."""
    folder = tmp_path_factory.mktemp("sums")
    data = sums_file(folder / "sums.npz", 150, ("x_train", "lengths_train", "y_train"))
    config = write(folder / "few.toml", ["[training]", "epochs = 60", "seeds = 1"])
    options = ("--trials", "4", "--population", "4", "--max-weights", "300", "--workers", "1", "--config", config)
    said = nas("search", data, *options, "--name", "sums", "--out", folder)
    assert said.code == 0, said.err
    return folder / "sums"


def report_of(run: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((run / "report.json").read_text())
    return report


def read_csv(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# --- searching -------------------------------------------------------------------------------------------------------


def test_the_data_choose_the_space_unless_the_user_does(tmp_path: Path) -> None:
    strings, arrays = small_runs.strings_file(tmp_path), tmp_path / "x.npz"
    sums_file(arrays, 40, ("x_train", "lengths_train", "y_train"))
    np.savez(tmp_path / "rows.npz", x=np.zeros((4, 2)), y=np.zeros(4))
    spaces = {"reber": "rnn", "reber-embedded": "rnn", str(strings): "rnn", str(arrays): "rnn", "wine": "mlp"}
    spaces |= {str(tmp_path / "rows.npz"): "mlp", str(tmp_path): "mlp", "nothing": "mlp"}
    for source, space in spaces.items():
        assert with_space(load_config(None, {"data.source": source})).search.space == space, source
        for given in ("mlp", "rnn"):
            config = load_config(None, {"data.source": source, "search.space": given})
            assert with_space(config) == config


def test_recurrent_networks_of_the_front_learn_strings(strings_run: Path) -> None:
    report, history = report_of(strings_run), read_history(strings_run / "study.db")
    assert json.loads((strings_run / "config.json").read_text())["config"]["search"]["space"] == "rnn"
    assert len(history) >= small_runs.N_STRING_TRIALS
    assert all(isinstance(trial.genotype, RecurrentGenotype) for trial in history)
    assert len({trial.genotype.cell for trial in history if isinstance(trial.genotype, RecurrentGenotype)}) > 1
    assert (report["task"], report["score_name"]) == ("classification", "accuracy")
    assert report["best"]["test_score"] > 0.8  # the first letter has to be remembered: half would be chance
    assert report["best"]["n_weights"] <= 400
    for row in report["front"]:
        wiring = load_network(strings_run / "models" / f"trial-{row['trial']}").wiring
        assert isinstance(wiring, RecurrentWiring)
        assert (wiring.n_weights, wiring.density) == (row["n_weights"], row["density"])


def test_two_workers_find_what_one_finds(strings_run: Path, tmp_path: Path) -> None:
    small_runs.search_strings(tmp_path, "two", search__workers=2)
    assert small_runs.record(tmp_path / "two") == small_runs.record(strings_run)
    assert small_runs.front(tmp_path / "two") == small_runs.front(strings_run)


def test_an_interrupted_search_goes_on_to_the_same_end(strings_run: Path, tmp_path: Path) -> None:
    process = small_runs.start_strings_command(tmp_path, "broken", "--workers", "2")
    run = tmp_path / "broken"
    small_runs.wait_until(lambda: small_runs.n_recorded(run) >= 6, "a quarter of the search")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)

    assert (process.returncode, errors) == (130, "")
    assert f"nas resume {run}" in output
    assert 6 <= len(small_runs.record(run)) < small_runs.N_STRING_TRIALS
    assert not (run / "report.json").exists()

    small_runs.resume(tmp_path, "broken")
    assert small_runs.record(run) == small_runs.record(strings_run)
    assert small_runs.front(run) == small_runs.front(strings_run)


def test_the_dashboard_sees_the_genes_of_recurrent_networks(strings_run: Path, tmp_path: Path) -> None:
    shutil.copy(strings_run / "study.db", tmp_path / "study.db")
    storage = optuna.storages.RDBStorage(f"sqlite:///{tmp_path / 'study.db'}")
    trials = optuna.load_study(study_name=STUDY_NAME, storage=storage).get_trials()
    storage.remove_session()
    storage.engine.dispose()
    for frozen, trial in zip(trials, read_history(strings_run / "study.db"), strict=True):
        genotype = trial.genotype
        assert isinstance(genotype, RecurrentGenotype)
        own = {"reading": genotype.reading, "cell": genotype.cell, "embedding": genotype.embedding}
        assert own.items() <= frozen.params.items() and "activation" not in frozen.params


# --- what it is compared with ----------------------------------------------------------------------------------------


def test_dense_recurrent_networks_stand_beside_the_best(strings_run: Path) -> None:
    report = report_of(strings_run)
    best = read_history(strings_run / "study.db")[report["best"]["trial"]].genotype
    assert isinstance(best, RecurrentGenotype)
    commonest, equal, lstm, linear = report["baselines"]  # neither trees nor rules
    assert "n-grams" in linear["name"]
    assert commonest["name"] == "always the commonest class"
    assert f" {best.cell} units, rate " in equal["name"] and equal["name"].endswith("(equal weights)")
    assert lstm["name"].startswith("dense 32 lstm units, rate ") and lstm["n_weights"] > 4000
    assert all(0.0 <= row["test_score"] <= 1.0 and row["seconds"] > 0 for row in (equal, lstm))
    assert report["families"] == []


def test_rules_and_families_of_a_grammar_are_reported(reber_run: Path) -> None:
    report = report_of(reber_run)
    assert [row["name"] for row in report["baselines"][1:4]] == RULES
    assert len(report["baselines"]) == 7
    drawn = reber_strings(600, seed=0)
    of_test = np.bincount(drawn.families[drawn.n_train :]).tolist()
    expected = [(name, n) for name, n in zip(drawn.family_names, of_test, strict=True) if n]
    assert [(row["family"], row["n"]) for row in report["families"]] == expected
    assert len(expected) > 5 and sum(of_test) == 150
    scores = {row["name"]: row["test_score"] for row in report["baselines"]}
    scores["network"] = report["best"]["test_score"]
    for who in ("network", *RULES):
        right = sum(row["n"] * row["accuracies"][who] for row in report["families"])
        assert right / 150 == pytest.approx(scores[who])


def test_people_read_families_and_rules(reber_run: Path) -> None:
    console = Console(width=120, record=True, file=small_runs.silent().file)
    print_report(report_of(reber_run), str(reber_run), console)
    text = console.export_text()
    assert "Accuracy by family of test sequences" in text
    for name in ("valid", "swapped states 4 and 5", *RULES, "dense 32 lstm units"):
        assert name in text
    assert nas("report", reber_run).out.count("swapped states 4 and 5") == 1


# --- using a run -----------------------------------------------------------------------------------------------------


def test_new_strings_are_predicted_as_the_network_answers(strings_run: Path, tmp_path: Path) -> None:
    strings = ["a", "abcabcabcabcabcabc", "ba", "xyz", "ccaa", "ca", "bb"]
    new = write(tmp_path / "new.csv", ["number,string", *(f"{i},{string}" for i, string in enumerate(strings))])
    said = nas("predict", strings_run, new, "-o", tmp_path / "p.csv")
    assert (said.code, said.err) == (0, "") and "Wrote 7 predictions" in said.out
    rows = read_csv(tmp_path / "p.csv")
    network = load_network(strings_run / "models" / f"trial-{report_of(strings_run)['best']['trial']}")
    outputs = network.outputs(sequences_of(*encode_new_sequences(str(new), network.encoding)))
    assert [row["prediction"] for row in rows] == [("early", "late")[c] for c in outputs.argmax(axis=0)]
    assert all(0.5 <= float(row["probability"]) <= 1.0 for row in rows)
    write(tmp_path / "one.csv", ["string", strings[1]])
    nas("predict", strings_run, tmp_path / "one.csv", "-o", tmp_path / "q.csv")
    assert read_csv(tmp_path / "q.csv") == rows[1:2]  # whatever else is in the file


def test_new_arrays_are_predicted_in_the_units_of_the_target(sums_run: Path, tmp_path: Path) -> None:
    new = sums_file(tmp_path / "new.npz", 20, ("x", "lengths", "y"))
    said = nas("predict", sums_run, new, "-o", tmp_path / "p.csv")
    assert (said.code, said.err) == (0, "")
    predicted = [float(row["prediction"]) for row in read_csv(tmp_path / "p.csv")]
    network = load_network(sums_run / "models" / f"trial-{report_of(sums_run)['best']['trial']}")
    target = network.encoding.target
    outputs = network.outputs(sequences_of(*encode_new_sequences(str(new), network.encoding)))[0]
    np.testing.assert_allclose(predicted, outputs * target.std + target.mean, rtol=1e-6)
    assert report_of(sums_run)["score_name"] == "r2"
    assert np.corrcoef(predicted, np.load(new)["y"])[0, 1] > 0.8


def test_an_exported_network_gives_the_same_outputs(strings_run: Path, tmp_path: Path) -> None:
    for row in report_of(strings_run)["front"]:
        output = tmp_path / str(row["trial"])
        said = nas("export", strings_run, "--trial", str(row["trial"]), "-o", output)
        assert (said.code, said.err) == (0, "")
        exported, trained = load_network(output), load_network(strings_run / "models" / f"trial-{row['trial']}")
        rows = sequences_of(*encode_new_sequences(str(strings_run.parent / "strings.csv"), exported.encoding))
        np.testing.assert_array_equal(exported.outputs(rows), trained.outputs(rows))
        description = json.loads((output / "model.json").read_text())
        assert (description["kind"], description["activation"]) == ("recurrent", None)
        assert description["test_score"] == row["test_score"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (["sequence", "ab"], 'has no column "string", on which the network was trained'),
        (["string"], "has a header but no rows"),
        (["string,n", "ab,1", ",2"], "1 string without a character, the first in row 2"),
    ],
)
def test_new_strings_that_cannot_be_read_are_refused(
    strings_run: Path, tmp_path: Path, content: list[str], message: str
) -> None:
    new = write(tmp_path / "new.csv", content)
    assert message in refused(nas("predict", strings_run, new, "-o", tmp_path / "p.csv"))
    assert not (tmp_path / "p.csv").exists()


def test_sequences_of_another_kind_are_refused(strings_run: Path, sums_run: Path, tmp_path: Path) -> None:
    arrays = sums_file(tmp_path / "x.npz", 9, ("x", "lengths", "y"))
    line = refused(nas("predict", strings_run, arrays, "-o", tmp_path / "p.csv"))
    assert "holds arrays, but the network was trained on strings" in line
    line = refused(nas("predict", sums_run, strings_run.parent / "strings.csv", "-o", tmp_path / "p.csv"))
    assert "holds strings, but the network was trained on arrays" in line
    np.savez(tmp_path / "wide.npz", x=np.zeros((2, 3, 4)), lengths=np.array([3, 1]))
    assert "has 4 channels" in refused(nas("predict", sums_run, tmp_path / "wide.npz", "-o", tmp_path / "p.csv"))
    assert not (tmp_path / "p.csv").exists()


def test_resume_with_other_strings_is_refused(strings_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "whole"
    shutil.copytree(strings_run, run)
    (run / "report.json").unlink()
    about = json.loads((run / "config.json").read_text())
    about["config"]["data"]["source"] = str(small_runs.strings_file(tmp_path, n=241))
    (run / "config.json").write_text(json.dumps(about))
    assert "its content has changed" in refused(nas("resume", run))


# --- how sequences are trained ---------------------------------------------------------------------------------------


Ends = tuple[float, float]


def training_of(dataset: AnyDataset, **training: Any) -> tuple[float, Ends, Ends]:
    """The longest gradient, and what dropout and label smoothing candidates may have."""
    config = load_config(None, {f"training.{key}": value for key, value in training.items()})
    recipe = recipe_for(config, dataset, plan_batches(100, (1,)), 5)
    assert recipe.total_steps == 5 * recipe.batches.steps_per_epoch
    return recipe.clip_norm, *regularisation_ranges(config, dataset)


@pytest.fixture(scope="module")
def strings(tmp_path_factory: pytest.TempPathFactory) -> dict[int, AnyDataset]:
    """Data of as many strings for training and validation together."""
    folder = tmp_path_factory.mktemp("many")
    datasets = (prepare_sequences(str(small_runs.strings_file(folder, n)), seed=0) for n in (240, 2498, 2500))
    return {len(dataset.y): dataset for dataset in datasets}


def test_gradients_of_sequences_are_clipped_and_those_of_tables_are_not(strings: dict[int, AnyDataset]) -> None:
    for dataset in strings.values():
        assert training_of(dataset) == (1.0, DROPOUT, LABEL_SMOOTHING)
    assert training_of(prepare("wine", seed=0)) == (0.0, DROPOUT, LABEL_SMOOTHING)


def test_values_have_no_labels_to_smooth() -> None:
    assert training_of(prepare("diabetes", seed=0)) == (0.0, DROPOUT, (0.0, 0.0))


def test_what_the_user_says_wins(strings: dict[int, AnyDataset]) -> None:
    given = {"clip_norm": 0.5, "label_smoothing": 0.05, "dropout": 0.4}
    for dataset in (*strings.values(), prepare("wine", seed=0)):
        assert training_of(dataset, **given) == (0.5, (0.4, 0.4), (0.05, 0.05))
        assert training_of(dataset, **dict.fromkeys(given, 0.0)) == (0.0, (0.0, 0.0), (0.0, 0.0))
        assert training_of(dataset, clip_norm=3.0)[0] == 3.0
        assert training_of(dataset, clip_norm=3.0)[1:] == training_of(dataset)[1:]


def test_optimiser_and_schedule_reach_the_training(strings: dict[int, AnyDataset]) -> None:
    given = {"optimiser": "sgd", "schedule": "one-cycle", "momentum": 0.5, "weight_decay": 0.25}
    config = load_config(None, {f"training.{key}": value for key, value in given.items()})
    for dataset in (*strings.values(), prepare("wine", seed=0)):
        recipe = recipe_for(config, dataset, plan_batches(100, (1,)), 5)
        assert {key: getattr(recipe, key) for key in given} == given
        assert recipe.task == dataset.task
