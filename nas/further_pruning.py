"""Prune a network that a run found further, and add what is left to the front of the run.

It is done twice. A network trained on the training rows alone is pruned step by step and scored on the validation rows:
that is the curve of accuracy and weights. The network of the front, which was trained on both, is pruned by the same
steps; of each doubling of size one is kept and tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from nas.budget import Plan, batch_plan
from nas.config import RunConfig
from nas.data import AnyDataset, Dataset
from nas.deployment import network_folder
from nas.engine.gather import Inputs
from nas.engine.layout import Float32, Network, lay_out
from nas.engine.networks import as_changed, first_state, network_of
from nas.engine.population import train
from nas.engine.state import TrainingState
from nas.errors import RunError, UsageError, counted
from nas.files import read_json, write_json
from nas.generation import hyperparameters_of
from nas.inputs import mean_square, sequences_of
from nas.network_file import DESCRIPTION, TrainedNetwork, load_network, save_network
from nas.ranking import doubling
from nas.recorder import read_history
from nas.report.file import read_report
from nas.report.terminal import print_report
from nas.results.density import density_of
from nas.results.findings import FrontRow
from nas.results.held_out import HeldOut
from nas.rundir import RunDirectory
from nas.seeding import Stream, generator, seed_words
from nas.setup import max_weights_for, prepare_data, recipe_for, space_for
from nas.sparsify.amounts import Amount
from nas.sparsify.changes import Changes
from nas.sparsify.frame import Frame
from nas.sparsify.further import pruned_further
from nas.sparsify.learned import learned_wiring
from nas.sparsify.pruning import Retraining, Rows, prune
from nas.sparsify.recurrent_pruning import RECURRENT_SALIENCIES, prune_recurrent
from nas.sparsify.saliency import SALIENCIES, SaliencyName
from search_spaces import AnyGenotype, AnyWiring, Genotype, RecurrentWiring, Wiring, genotype_from_dict
from search_spaces.sparse_training import STATIC

STEP = Amount("share", 0.3)  # of the edges that are left
RETRAINING_SHARE = 1 / 3  # of the epochs of a training of the search, after each step
NOTHING_NEW = "All of these networks are already on the front of"
SMALLEST_SHARE = 1 / 16  # of its weights, to which a network is pruned if nothing else is said


@dataclass(frozen=True)
class Point:
    """A point of the curve: weights, and the score on validation rows before and after retraining."""

    n_weights: int
    score_before: float
    score: float


def prune_further(
    directory: RunDirectory,
    trial: int | None,
    to: int | None,
    saliency: SaliencyName,
    show: Callable[[Point], None],
) -> list[dict[str, Any]]:
    """Prune the network of a trial of the front, and add what is left to the report.

    Args:
        directory: A finished run, which is held meanwhile.
        trial: A trial of the front; the best by default.
        to: Fewest weights; a sixteenth of those of the network by default.
        saliency: What goes first.
        show: Told each point of the curve.

    Returns:
        The new rows of the front, from small to large; none that the front has already.

    Raises:
        UsageError: There is no such network, it is recurrent and the saliency is for feed-forward ones only, the data
            have changed, or it is small enough already.
    """
    with directory.lock():
        report, folder = read_report(directory), network_folder(directory, trial)
        network = load_network(folder)
        wiring = network.wiring
        fewest = round(SMALLEST_SHARE * wiring.n_weights) if to is None else to
        if isinstance(wiring, Wiring):
            fewest = max(fewest, wiring.n_outputs * (wiring.depth + 1))
        elif saliency not in RECURRENT_SALIENCIES:
            known = ", ".join(RECURRENT_SALIENCIES)
            raise UsageError(f"--saliency is {saliency}; the networks of {directory.name} are recurrent: give {known}.")
        if fewest >= wiring.n_weights:
            raise UsageError(f"--to is {fewest:,}; the network has {wiring.n_weights:,} weights. Give fewer.")
        work = _Work.of(directory, folder, saliency, fewest)
        curve = []
        for smaller in work.on_training_rows():
            curve.append(Point(smaller.wiring.n_weights, smaller.score_before, smaller.score))
            show(curve[-1])
        rows = work.added_to_front(network, curve, _next_number(directory, report), report["front"])
        report["front"] = sorted([*report["front"], *rows], key=lambda row: int(row["n_weights"]))
        write_json(directory.report, report)
        return sorted(rows, key=lambda row: int(row["n_weights"]))


def _next_number(directory: RunDirectory, report: dict[str, Any]) -> int:
    numbers = [trial.number for trial in read_history(directory.study)]
    return 1 + int(max([*numbers, *(row["trial"] for row in report["front"])]))


class _Smaller(NamedTuple):
    """A network after a step of pruning: scores are those before and after its retraining, on validation rows."""

    wiring: AnyWiring
    parameters: Float32  # (n_parameters,)
    epochs: float
    score_before: float
    score: float


@dataclass(frozen=True, eq=False)
class _Work:
    """What a network is pruned with."""

    directory: RunDirectory
    dataset: AnyDataset
    config: RunConfig
    plan: Plan
    genotype: AnyGenotype
    saliency: SaliencyName
    fewest: int

    @classmethod
    def of(cls, directory: RunDirectory, folder: Path, saliency: SaliencyName, fewest: int) -> _Work:
        about = read_json(directory.config)
        config = RunConfig.model_validate(about["config"])
        dataset, genotype = prepare_data(config), genotype_from_dict(read_json(folder / DESCRIPTION)["genotype"])
        if dataset.fingerprint != about["fingerprint"]:
            raise RunError(
                f"{config.data.source} is not what the run {directory.name} was started with: its content has changed."
            )
        plan = Plan(**read_json(directory.plan)["plan"])
        return cls(directory, dataset, config, plan, genotype, saliency, fewest)

    def on_training_rows(self) -> Iterator[_Smaller]:
        """The steps of a network that is trained, as in the search, on the training rows alone."""
        space = space_for(self.config, self.dataset, max_weights_for(self.config, self.dataset))
        wiring, own = space.wire(self.genotype), hyperparameters_of(self.genotype)
        network = network_of(wiring, self._activation)
        words, rows = seed_words(self.config.search.seed, Stream.PRUNING), self._rows(self.dataset.n_train)
        batches = batch_plan(self.dataset.n_train, self.config.search.seed)
        recipe = recipe_for(self.config, self.dataset, batches, self.plan.full_epochs)
        changes = None
        if isinstance(wiring, Wiring) and not own.sparse_training.is_static:
            changes = Changes.of(own.sparse_training, wiring, recipe.total_steps, words)
        first = first_state(network, [words], mean_square(rows.inputs))
        (state,) = train(
            [network], [own], [first], rows.inputs, rows.targets, recipe, recipe.total_steps, changes=[changes]
        )
        if isinstance(network, Network) and isinstance(wiring, Wiring) and isinstance(rows.inputs, Inputs):
            given = (own, rows.inputs, rows.targets, recipe, words)
            state = pruned_further(network, wiring, state, *given) or state
        trained, parameters = as_changed(network, state), state.parameters[0]
        if isinstance(trained, Network):
            wiring, parameters = learned_wiring(trained, parameters)
        yield from self._steps(wiring, parameters, rows)

    def added_to_front(
        self, found: TrainedNetwork, curve: Sequence[Point], number: int, front: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The rows of what is left of the network of the front, the largest of each doubling, and the last.

        The same pruning gives the same networks: those that the front has already are left out.
        """
        present = [row | {"trial": None} for row in front]
        rows, test = self._rows(len(self.dataset.y)), HeldOut.read(self.dataset, self.config.search.seed)
        added: list[dict[str, Any]] = []
        done = {doubling(found.wiring.n_weights)}
        steps = list(self._steps(found.wiring, found.parameters, rows))
        for step, smaller in enumerate(steps):
            wiring = smaller.wiring
            if doubling(wiring.n_weights) in done and step < len(steps) - 1:
                continue
            done.add(doubling(wiring.n_weights))
            network = TrainedNetwork(wiring, found.activation, smaller.parameters, found.encoding)
            answers = test.answers(network.outputs(test.rows))
            row = FrontRow(
                trial=number + len(added),
                n_weights=wiring.n_weights,
                n_parameters=wiring.n_parameters,
                density=density_of(wiring),
                validation_score=curve[min(step, len(curve) - 1)].score,
                is_confirmed=False,
                epochs=smaller.epochs,
                test_score=None if answers is None else test.score(answers),
                test_error=None if answers is None else test.error(answers),
            )
            if asdict(row) | {"trial": None} in present:
                continue
            about = {
                "run": self.directory.name,
                "score_name": self.dataset.score_name,
                **asdict(row),
                "genotype": self.genotype.to_dict(),
            }
            save_network(self.directory.models / f"trial-{row.trial}", network, about)
            added.append(asdict(row))
        return added

    def _steps(self, wiring: AnyWiring, parameters: Float32, rows: Rows) -> Iterator[_Smaller]:
        batches = batch_plan(rows.n_train, self.config.search.seed)
        epochs = max(1, round(RETRAINING_SHARE * self.plan.full_epochs))
        own = replace(hyperparameters_of(self.genotype), sparse_training=STATIC)
        how = Retraining(recipe_for(self.config, self.dataset, batches, epochs), own)
        rng = generator(self.config.search.seed, Stream.PRUNING, 1)
        if isinstance(wiring, RecurrentWiring):
            saliency = RECURRENT_SALIENCIES[RECURRENT_SALIENCIES.index(self.saliency)]
            for left in prune_recurrent(wiring, parameters, "both", saliency, STEP, how, rows, self.fewest, rng):
                yield _Smaller(left.wiring, left.parameters, left.epochs, left.score_before, left.score)
            return
        assert self._activation is not None
        network, zeros = lay_out(wiring, self._activation), np.zeros_like(parameters[None])
        state = TrainingState(parameters[None].copy(), zeros, zeros.copy())
        for step in prune(network, state, Frame.of(wiring), self.saliency, STEP, how, rows, self.fewest, rng):
            left_over = learned_wiring(step.network, step.state.parameters[0])
            yield _Smaller(*left_over, step.epochs, step.score_before, step.score)

    @property
    def _activation(self) -> str | None:
        return self.genotype.activation if isinstance(self.genotype, Genotype) else None

    def _rows(self, n_train: int) -> Rows:
        dataset, targets = self.dataset, self.dataset.y.astype(np.float32)
        if isinstance(dataset, Dataset):
            return Rows(Inputs(np.ascontiguousarray(dataset.x.T), dataset.scale, dataset.shift), targets, n_train)
        return Rows(sequences_of(dataset.x, dataset.offsets), targets, n_train)


def prune_and_print(run: str, trial: int | None, to: int | None, saliency: str, console: Console) -> None:
    """The command `nas prune`: the curve while it is found, and the report of the run at its end.

    Raises:
        UsageError: As `prune_further`, or there is no such saliency.
    """
    if saliency not in SALIENCIES:
        raise UsageError(f"--saliency is {saliency}; give one of {', '.join(SALIENCIES)}.")
    directory = RunDirectory.find(run)
    name = read_report(directory)["score_name"]

    def show(point: Point) -> None:
        console.print(
            f"{point.n_weights:>9,} weights: {name} on validation rows {point.score_before:.4f}, "
            f"after retraining {point.score:.4f}",
            soft_wrap=True,
        )

    chosen = SALIENCIES[SALIENCIES.index(saliency)]
    rows = prune_further(directory, trial, to, chosen, show)
    said = f"Added {counted(len(rows), 'network')} to the front of" if rows else NOTHING_NEW
    console.print(f"{said} {directory.name}.", soft_wrap=True)
    print_report(read_report(directory), str(directory.path), console)
