"""Tables of trained networks: drawn without a search, all trained to the end, with several seeds.

What a search never gives: scores at every rung of networks good and bad, from which predictors are judged and searches
replayed in seconds. Networks are trained in chunks, and each chunk is kept; the same command goes on after a kill.
"""

from __future__ import annotations

import csv
import functools
import gzip
import io
import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nas.budget import batch_plan, default_epochs
from nas.config import RunConfig, TrainingConfig
from nas.data import AnyDataset
from nas.data.shared import SharedRows
from nas.description import describe
from nas.engine.networks import network_of
from nas.engine.population import predict, score
from nas.engine.state import TrainingState
from nas.errors import ConfigError, DataError, RunError
from nas.files import read_json, write_atomically, write_json
from nas.generation import N_RUNGS, Candidate, Course, activation_of
from nas.inputs import engine_rows, write_rows, write_test_rows
from nas.interruption import Interruption
from nas.jobs import Leg, compile_kernels
from nas.seeding import Stream, generator
from nas.setup import max_weights_for, prepare_data, recipe_for, space_for, with_space
from nas.table_rows import TrainedNetwork, columns, row
from nas.workers import Workers
from predictors import FEATURES_VERSION
from search_spaces import AnyGenotype, AnyWiring, SearchSpace, phenotype_key
from search_spaces.layered_priors import STUDIED_PRIORS, layered_prior_genotype
from search_spaces.recurrent_wiring import CELLS

FORMAT = 2
CHUNK = 32  # networks that are trained together, and lost together
STUDY_TRAINING = TrainingConfig(epochs=15, schedule="constant", weight_decay=0.0, clip_norm=5.0)
"""That of the study that `layered-priors` draws from: Adam, 15 epochs, a constant rate, gradients clipped at 5."""

Draw = Literal["space", "layered-priors"]
DRAWS: tuple[Draw, ...] = get_args(Draw)


@dataclass(frozen=True)
class TableSettings:
    """What a table is to hold.

    Attributes:
        n_networks: How many networks to draw.
        n_seeds: Trainings of each, with other weights.
        draw: "space" for networks of the search space; "layered-priors" for those of a published study of recurrent
            networks, equally many of each cell and prior (`search_spaces.layered_priors`), trained as there.
    """

    n_networks: int
    n_seeds: int
    draw: Draw = "space"


def build_table(config: RunConfig, settings: TableSettings, output: Path, console: Console) -> int | None:
    """Draw networks, train them, and write what they gave.

    Args:
        config: Data, space, training, seed and workers, as for a search.
        settings: What the table is to hold.
        output: A file with the name ending .csv.gz, which must not exist. Next to it lies a folder with what is done so
            far, until the table is complete.
        console: Where to show how far it is.

    Returns:
        The number of the signal that interrupted it, or None.

    Raises:
        UsageError: The data or options will not do, the file exists, or what is done so far belongs to other settings.
    """
    _check(output, settings)
    if settings.draw == "layered-priors":
        config = _as_in_the_study(config)
    config = with_space(config)
    as_drawn = config.search.model_copy(update={"methods": ("static",)})  # a table tells of wirings
    config = config.model_copy(update={"search": as_drawn})
    dataset = prepare_data(config)
    space = space_for(config, dataset, max_weights_for(config, dataset))
    batches = batch_plan(dataset.n_train, config.search.seed)
    epochs = config.training.epochs or default_epochs(batches.steps_per_epoch)
    recipe = recipe_for(config, dataset, batches, epochs)
    n_rows = dataset.n_train + dataset.n_validation
    course = Course(recipe, settings.n_seeds, config.search.seed, (dataset.n_train, n_rows))
    genotypes = drawn_genotypes(settings, space, config.search.seed)
    done = _Done.open(output, config, settings, dataset, space.name)
    left = genotypes[done.n_rows :]
    folder = done.folder / "shared"
    with Workers(config.search.workers, write_rows(folder / "rows", dataset)) as workers:
        test = write_test_rows(folder / "test", dataset)
        workers.map(compile_kernels, [space.name])
        with Interruption(workers.interrupt) as interruption, _Watched(console, settings, done) as watched:
            for start in range(0, len(left), CHUNK):
                networks = _train(left[start : start + CHUNK], space, course, workers, test, interruption.is_set)
                if networks is None:
                    console.print(f"Stopped. {done.n_rows} networks are kept; the same command goes on.")
                    return interruption.signal
                done.add(networks)
                watched.show(networks)
    n_failed = done.finish(output)
    note = f" {n_failed} diverged and are left out." if n_failed else ""
    console.print(f"Wrote {done.n_rows - n_failed} networks to {output}.{note}", soft_wrap=True)
    return None


def drawn_genotypes(settings: TableSettings, space: SearchSpace, seed: int) -> list[AnyGenotype]:
    """The genotypes of a table. No two of them give the same network."""
    rng = generator(seed, Stream.TABLE)
    pairs = [(prior, cell) for cell in CELLS for prior in STUDIED_PRIORS]
    genotypes: dict[str, AnyGenotype] = {}
    while len(genotypes) < settings.n_networks:
        if settings.draw == "space":
            genotype: AnyGenotype = space.sample(rng)
        else:
            genotype = layered_prior_genotype(*pairs[len(genotypes) % len(pairs)], rng)
        genotypes.setdefault(phenotype_key(genotype, space.wire(genotype)), genotype)
    return list(genotypes.values())


def _check(output: Path, settings: TableSettings) -> None:
    if not output.name.endswith(".csv.gz"):
        raise ConfigError(f"The table {output} must have a name that ends in .csv.gz.")
    if output.exists():
        raise RunError(f"{output} exists. Move it, or choose another name.")
    if not output.parent.is_dir():
        raise RunError(f"There is no folder {output.parent}. Make it, or write the table elsewhere.")
    n_pairs = len(CELLS) * len(STUDIED_PRIORS)
    if settings.draw == "layered-priors" and settings.n_networks % n_pairs:
        raise ConfigError(
            f"--networks is {settings.n_networks}; with --draw layered-priors give a multiple of {n_pairs}, "
            "as many for each cell and prior."
        )


def _as_in_the_study(config: RunConfig) -> RunConfig:
    if config.search.space == "mlp":
        raise ConfigError("--draw layered-priors draws recurrent networks. Leave --space out, or give --space rnn.")
    training = STUDY_TRAINING.model_copy(update={"epochs": config.training.epochs or STUDY_TRAINING.epochs})
    search = config.search.model_copy(update={"space": "rnn"})
    return config.model_copy(update={"search": search, "training": training})


def _train(
    genotypes: Sequence[AnyGenotype],
    space: SearchSpace,
    course: Course,
    workers: Workers,
    test: SharedRows,
    is_interrupted: Callable[[], bool],
) -> list[TrainedNetwork] | None:
    """Train a chunk to the end; None if interrupted. A network that diverged has scores of NaN."""
    candidates = []
    for genotype in genotypes:
        wiring = space.wire(genotype)
        key = phenotype_key(genotype, wiring)
        candidates.append(Candidate(key, genotype, (), wiring, describe(None, genotype, wiring)))
    states: dict[str, TrainingState | None] = dict.fromkeys((c.key for c in candidates), None)
    shape = (N_RUNGS, course.n_seeds)
    scores = {candidate.key: np.full(shape, math.nan) for candidate in candidates}
    seconds = {candidate.key: np.zeros(N_RUNGS) for candidate in candidates}
    for rung, until_step in enumerate(course.rung_steps):
        leg = Leg(course.recipe, until_step, course.scored_columns)
        for result in workers.train([course.job(c, states[c.key]) for c in candidates if c.key in states], leg):
            if result.failure is not None:
                del states[result.key]
                continue
            if not result.scores:
                return None
            states[result.key] = result.state
            scores[result.key][rung] = result.scores
            seconds[result.key][rung:] += result.seconds
        if is_interrupted():
            return None
    trained = [candidate for candidate in candidates if candidate.key in states]
    tested = workers.map(
        functools.partial(_test_scores, test, course.recipe.task),
        [(c.wiring, activation_of(c.genotype), states[c.key]) for c in trained],
    )
    test_scores = dict(zip((c.key for c in trained), tested, strict=True))
    untested = np.full(course.n_seeds, math.nan)
    return [
        TrainedNetwork(
            c.genotype, c.wiring, c.features, scores[c.key], test_scores.get(c.key, untested), seconds[c.key]
        )
        for c in candidates
    ]


def _test_scores(
    test: SharedRows, task: str, trained: tuple[AnyWiring, str | None, TrainingState]
) -> NDArray[np.float64]:
    """Test score of each set of weights, shape (n_seeds,); in a worker."""
    wiring, activation, state = trained
    rows = test.open()
    network, inputs = network_of(wiring, activation), engine_rows(rows)
    return np.array([score(predict(network, parameters, inputs), rows.y, task) for parameters in state.parameters])


class _Done:
    """What is done of a table: a folder beside it with the settings, the rows so far and the data for workers."""

    def __init__(self, folder: Path, header: Sequence[str], n_rows: int) -> None:
        self.folder = folder
        self.n_rows = n_rows
        self._header = header

    @classmethod
    def open(cls, output: Path, config: RunConfig, settings: TableSettings, dataset: AnyDataset, space: str) -> _Done:
        folder, header = output.with_name(output.name + ".unfinished"), columns(space, N_RUNGS, settings.n_seeds)
        about = {
            "format": FORMAT,
            "fingerprint": dataset.fingerprint,
            "features_version": FEATURES_VERSION,
            "settings": {"n_seeds": settings.n_seeds, "draw": settings.draw},
            "space": {"name": space, "max_weights": config.search.max_weights, "priors": list(config.search.priors)},
            "training": config.training.model_dump(mode="json"),
            "seed": config.search.seed,
        }
        if not folder.exists():
            folder.mkdir()
            write_json(folder / "settings.json", about)
            (folder / "rows.csv").write_text(_line(header), encoding="utf-8")
            return cls(folder, header, 0)
        if read_json(folder / "settings.json") != about:
            raise RunError(
                f"{folder} holds what is done of a table with other settings. Delete it, or choose another name."
            )
        text = (folder / "rows.csv").read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]  # a kill may have cut off the last line
        (folder / "rows.csv").write_text(whole, encoding="utf-8")
        return cls(folder, header, whole.count("\n") - 1)

    def add(self, networks: Sequence[TrainedNetwork]) -> None:
        with open(self.folder / "rows.csv", "a", encoding="utf-8") as file:
            file.write("".join(_line(row(network)) for network in networks))
        self.n_rows += len(networks)

    def finish(self, output: Path) -> int:
        """Write the table, and give how many networks are left out because a training of theirs diverged."""
        lines = (self.folder / "rows.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        place = self._header.index("score")
        whole = [line for line, cells in zip(lines, csv.reader(lines), strict=True) if cells[place] != "nan"]
        if len(whole) == 1:
            raise DataError("Every network diverged. Scale the inputs, or lower the learning rate.")
        # Without a time in its header, the same table is the same file.
        write_atomically(output, gzip.compress("".join(whole).encode(), mtime=0))
        shutil.rmtree(self.folder)
        return len(lines) - len(whole)


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


class _Watched:
    """How far a table is: a bar with the time left on a terminal, else a line for each chunk."""

    def __init__(self, console: Console, settings: TableSettings, done: _Done) -> None:
        self._console, self._best, self._n = console, -math.inf, settings.n_networks
        self._started, self._done, self._n_before = time.monotonic(), done, done.n_rows
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self._task = self._bar.add_task("training", total=settings.n_networks, completed=done.n_rows)

    def __enter__(self) -> _Watched:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, networks: Sequence[TrainedNetwork]) -> None:
        self._best = max([self._best, *self._means(networks)])
        line = f"training, best score {self._best:.4f}"
        if self._console.is_terminal:
            self._bar.update(self._task, completed=self._done.n_rows, description=line)
            return
        n, used_s = self._done.n_rows, time.monotonic() - self._started
        left_s = used_s / (n - self._n_before) * (self._n - n)
        self._console.print(f"{n} of {self._n} networks, about {left_s / 60:.0f} min left; {line}", soft_wrap=True)

    @staticmethod
    def _means(networks: Sequence[TrainedNetwork]) -> Iterator[float]:
        return (float(n.scores[-1].mean()) for n in networks if np.isfinite(n.scores).all())
