"""Whether expected scores tell the better of two networks more often than validation scores do.

    nas search letter.csv --target class --budget 30s --no-predictor --name letter
    python tests/benchmarks/expected_scores.py runs/letter...

Every candidate of a run that was trained to the end is trained anew with two sets of weights, on all rows but the
test's, for as many epochs as it would have without a budget, and tested: what it is worth. Its validation score in the
search, and what the search expects of it by the scores of all (nas/estimation.py), are compared by Kendall's tau with
that: over all candidates, and over the 16 of which it expects most; and by what the candidate of the highest is worth.
"""

from __future__ import annotations

from timing import header, table  # isort: skip

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from nas.budget import batch_plan
from nas.config import RunConfig
from nas.data import Dataset
from nas.engine.gather import Inputs
from nas.engine.networks import first_state, network_of
from nas.engine.population import predict, score, train
from nas.estimation import estimated_scores
from nas.files import read_json
from nas.generation import activation_of, hyperparameters_of
from nas.inputs import read_test
from nas.recorder import Trial, read_history
from nas.rundir import RunDirectory
from nas.setup import max_weights_for, prepare_data, recipe_for, space_for
from nas.status import comparable_trials, score_of

WEIGHT_SEEDS = ([1], [2])
N_BEST = 16

Values = NDArray[np.float64]


def worth_of(directory: RunDirectory, trials: Sequence[Trial]) -> Values:
    """The mean test score of each trial's network after full trainings, shape (n_trials,)."""
    config = RunConfig.model_validate(read_json(directory.config)["config"])
    dataset = prepare_data(config)
    assert isinstance(dataset, Dataset), "Sequences are not supported by this benchmark."
    space = space_for(config, dataset, max_weights_for(config, dataset))
    batches, epochs = batch_plan(len(dataset.y), config.search.seed), read_json(directory.plan)["plan"]["full_epochs"]
    recipe = recipe_for(config, dataset, batches, epochs)
    rows, targets = Inputs.of(dataset.x, dataset.scale, dataset.shift), dataset.y.astype(np.float32)
    test_rows, test_targets = read_test(dataset)
    worth = []
    for trial in trials:
        network, own = network_of(space.wire(trial.genotype), activation_of(trial.genotype)), trial.genotype
        begun = first_state(network, WEIGHT_SEEDS)
        (state,) = train([network], [hyperparameters_of(own)], [begun], rows, targets, recipe, recipe.total_steps)
        answers = (predict(network, parameters, test_rows) for parameters in state.parameters)
        worth.append(np.mean([score(outputs, test_targets, dataset.task) for outputs in answers]))
    return np.array(worth)


def agreement(by: Values, worth: Values, expected: Values) -> tuple[float, float, float]:
    """Kendall's tau of some scores with the worth, over all and over the best by expectation, and the pick's worth."""
    best = np.argsort(-expected)[:N_BEST]
    return kendalltau(by, worth).statistic, kendalltau(by[best], worth[best]).statistic, worth[by.argmax()]


def compared(directory: RunDirectory) -> tuple[int, dict[str, tuple[float, float, float]], float]:
    """The number of candidates of a run, the agreement of each kind of score, and the worth of the best candidate."""
    history = read_history(directory.study)
    trials = comparable_trials(history)
    estimates = estimated_scores(history, read_json(directory.config)["config"]["search"]["seed"])
    scores = np.array([score_of(trial) for trial in trials])
    expected = np.array([estimates.get(trial.key, score_of(trial)) for trial in trials])
    worth = worth_of(directory, trials)
    kinds = {"validation": scores, "expected": expected}
    return len(trials), {kind: agreement(by, worth, expected) for kind, by in kinds.items()}, float(worth.max())


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("runs", nargs="+", type=Path, help="folders of runs")
    rows: list[list[object]] = []
    found = []
    for run in options.parse_args().runs:
        n_trials, of_kinds, best = compared(RunDirectory(run))
        found.append(list(of_kinds.values()))
        rows.append([run.name, n_trials, *_cells(found[-1]), f"{best:.4f}"])
        print(f"done: {run.name}", flush=True)
    rows.append(["mean", "", *_cells(np.mean(found, axis=0)), ""])
    columns = [f"{name}, {kind}" for name in ("tau", f"tau of the best {N_BEST}", "pick") for kind in of_kinds]
    print(header("numba", "numpy", note="each candidate trained twice to the full length"))
    print(table(["run", "candidates", *columns, "best"], rows))


def _cells(of_kinds: Sequence[Sequence[float]]) -> list[str]:
    """Taus and picks, for each measure the kinds side by side."""
    taus, of_best, picks = zip(*of_kinds, strict=True)
    return [f"{value:.2f}" for value in (*taus, *of_best)] + [f"{value:.4f}" for value in picks]


if __name__ == "__main__":
    main()
