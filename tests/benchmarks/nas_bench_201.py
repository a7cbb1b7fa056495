"""Searches replayed on the table of NAS-Bench-201: best validation accuracy after so many trained networks.

Random search; regularised evolution (Real et al. 2019), population 25, tournament of 5; the genetic search of this
project, alone and with its gate. The only objective is accuracy: all cells are of one size to the search, and have the
weights of their convolutions as the size that the predictor must beat. Searches of one seed begin with the same cells
where gate on and gate off do.

    python tests/benchmarks/nas_bench_201.py --data nas_bench_201.csv.gz [--seeds 200]
"""

from __future__ import annotations

from timing import header, parser, table  # isort: skip

import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
from cell_space import Cell, CellSpace, CellTable
from numpy.typing import NDArray

from nas.evolution import Evolution, Member
from nas.seeding import Stream, generator
from predictors.audit import Training, doubt
from predictors.gate import GateSettings, decide
from predictors.prediction import Prediction
from predictors.regressors import make_regressor
from predictors.run_skill import RunSkill, assess_skill
from predictors.score_scale import ScoreScale

BUDGETS = (25, 50, 100, 200)
REGULARISED_POPULATION, REGULARISED_TOURNAMENT = 25, 5
POPULATION, CHILDREN = 10, 5
"""Of the genetic search, gate on or off: larger ones are slower to improve within these budgets."""
POOL_FACTOR = 20
GATE = GateSettings(warm_up=10, exploration_share=0.0, audit_share=0.05)
"""No places for exploration: a tenth of the children is drawn anew as it is."""
REGRESSOR = "gaussian-process"
MARGINS = {"genetic, gate on": -1.0, "genetic, gate on, strict": 1.0}
"""By how many standard errors the predictor must beat size alone before it is trusted; at -1 it is trusted unless the
outcomes speak against it."""
GROWTH = 1.25
OFF = "genetic, gate off"

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Replay:
    """What searches ask in place of training.

    Attributes:
        table: Cells and their accuracy.
        features: Of each cell, shape (n, n_features); the first column is its size.
    """

    table: CellTable
    features: Floats

    @cached_property
    def place_of(self) -> dict[Cell, int]:
        """The row of each cell."""
        return {cell: place for place, cell in enumerate(self.table.cells)}

    @cached_property
    def space(self) -> CellSpace:
        """The cells as a space."""
        return CellSpace(self.table.cells)

    @cached_property
    def highest(self) -> float:
        """Accuracy of the best cell."""
        return float(self.table.accuracy.max())

    def accuracy(self, cell: Cell) -> float:
        """What training the cell would give."""
        return float(self.table.accuracy[self.place_of[cell]])


@dataclass
class Found:
    """What a search did: accuracies in the order of training, and why each cell was trained, where there is a gate.

    A search that has found the best cell of all is over: what it would train after that changes nothing here.
    """

    highest: float
    accuracies: list[float] = field(default_factory=list)
    liked: list[bool | None] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether the largest budget is spent, or the best cell is found."""
        return len(self.accuracies) >= BUDGETS[-1] or self.highest in self.accuracies

    def best(self) -> list[float]:
        """Best accuracy at each of `BUDGETS`."""
        return [max(self.accuracies[:budget]) for budget in BUDGETS]


def random_search(replay: Replay, seed: int) -> Found:
    """No cell is drawn twice."""
    order = np.random.default_rng(seed).permutation(len(replay.table.cells))[: BUDGETS[-1]]
    return Found(replay.highest, replay.table.accuracy[order].tolist())


def regularised_evolution(replay: Replay, seed: int) -> Found:
    """The oldest dies; a cell that comes again is trained again, as in the original."""
    rng = np.random.default_rng(seed)
    alive: deque[tuple[float, Cell]] = deque(maxlen=REGULARISED_POPULATION)
    found = Found(replay.highest)
    while not found.is_over:
        if len(alive) < REGULARISED_POPULATION:
            cell = replay.space.sample(rng)
        else:
            drawn = [alive[i] for i in rng.choice(len(alive), REGULARISED_TOURNAMENT, replace=False)]
            cell = replay.space.mutate(max(drawn, key=lambda member: member[0])[1], rng)
        alive.append((replay.accuracy(cell), cell))
        found.accuracies.append(alive[-1][0])
    return found


def genetic_search(replay: Replay, seed: int, margin: float | None) -> Found:
    """The search of this project on one objective, with a gate of this margin; None turns it off."""
    evolution = Evolution(replay.space, POPULATION, seed, key_of=lambda cell, wiring: cell.key())
    gate = None if margin is None else Gate(replay, seed, margin)
    found = Found(replay.highest)
    while not found.is_over:
        if gate is None:
            cells = [child.genotype for child in evolution.ask(evolution.parents(), CHILDREN)]
        else:
            cells, liked = gate.choose(evolution)
            found.liked += liked
        scores = [replay.accuracy(cell) for cell in cells]
        evolution.begin(cell.key() for cell in cells)
        evolution.tell([Member(cell.key(), cell, score, 1, 1) for cell, score in zip(cells, scores, strict=True)])
        found.accuracies += scores
        if gate is not None:
            gate.learn(cells, scores, liked)
    return found


class Gate:
    """Which children are trained, as in a run: by skill on the outcomes so far, expected improvement, and audit."""

    def __init__(self, replay: Replay, seed: int, margin: float) -> None:
        self._margin = margin
        self._replay = replay
        self._seed = seed
        self._places: list[int] = []
        self._scores: list[float] = []
        self._trainings: list[Training] = []
        self._skill: RunSkill | None = None
        self._n_judged = 0

    def learn(self, cells: list[Cell], scores: list[float], liked: list[bool | None]) -> None:
        """Take in what training gave, and whether the predictor liked each."""
        generation = 1 + max((training.generation for training in self._trainings), default=0)
        self._trainings += [Training(one, generation, 1, score) for one, score in zip(liked, scores, strict=True)]
        self._places += [self._replay.place_of[cell] for cell in cells]
        self._scores += scores

    def choose(self, evolution: Evolution) -> tuple[list[Cell], list[bool | None]]:
        """The cells to train next, and whether the predictor likes each."""
        n_children, n = CHILDREN, len(self._scores)
        rows, scores = self._replay.features[self._places], np.array(self._scores)
        scale = ScoreScale.of(scores)
        labels = scale.stretch(scores)
        is_warm = n >= GATE.warm_up
        if is_warm and n >= GROWTH * self._n_judged:
            self._skill = assess_skill(rows, labels, np.array([0]), self._fit_predict, self._seed, margin=self._margin)
            self._n_judged = n
        closed = None
        if self._skill is not None:
            closed = doubt(self._trainings) if self._skill.is_trusted else self._skill.reason
        is_open = self._skill is not None and closed is None
        children = evolution.ask(evolution.parents(), n_children * (POOL_FACTOR if is_open else 1))
        cells = [child.genotype for child in children]
        unseen = self._replay.features[[self._replay.place_of[cell] for cell in cells]]
        best = float(scores.max(initial=0.0))
        decisions = decide(
            [cell.key() for cell in cells],
            np.ones(len(cells), np.int64),
            self._fit_predict(rows, labels, unseen) if self._skill is not None else None,
            [(1, float(scale.stretch(np.array(best))))] if n else [],
            n_children,
            generator(self._seed, Stream.GATE, evolution.n_begun),
            GATE,
            closed=closed,
            shown=scale.unstretch,
        )
        pairs = [(cell, decision) for cell, decision in zip(cells, decisions, strict=True) if decision.train]
        return [cell for cell, _ in pairs], [decision.is_predicted_good for _, decision in pairs]

    def _fit_predict(self, rows: Floats, labels: Floats, unseen: Floats) -> Prediction:
        return make_regressor(REGRESSOR, self._seed).fit(rows, labels).predict(unseen)


SEARCHES: dict[str, Callable[[Replay, int], Found]] = {
    "random": random_search,
    "regularised evolution": regularised_evolution,
    OFF: partial(genetic_search, margin=None),
    **{name: partial(genetic_search, margin=margin) for name, margin in MARGINS.items()},
}

_replays: list[Replay] = []


def start_worker(replay: Replay) -> None:
    """Keep the table of this process."""
    _replays[:] = [replay]


def search(name: str, seed: int) -> Found:
    """One search in a worker process."""
    return SEARCHES[name](_replays[0], seed)


def mean_and_error(values: Floats) -> str:
    """The mean of several values, and its 95 % interval."""
    return f"{values.mean():.3f} +- {1.96 * values.std(ddof=1) / len(values) ** 0.5:.3f}"


def show_gates(found: dict[str, list[Found]]) -> None:
    """What opened the gates and how much better the searches became, pair by pair."""
    rows = []
    off = np.array([one.best() for one in found[OFF]])
    for name in MARGINS:
        gains = 100.0 * (np.array([one.best() for one in found[name]]) - off)  # (n_seeds, n_budgets)
        errors = gains.std(axis=0, ddof=1) / len(gains) ** 0.5
        opened = [one.liked.index(True) if True in one.liked else BUDGETS[-1] for one in found[name]]
        told = [f"{g:+.3f} ({g / max(e, 1e-12):+.1f} errors)" for g, e in zip(gains.mean(axis=0), errors, strict=True)]
        rows.append([name, int(np.median(opened)), *told])
    print(table(["gain over gate off", "opened after (median)", *map(str, BUDGETS)], rows))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", required=True, help="the table, a CSV")
    options.add_argument("--seeds", type=int, default=200)
    given = options.parse_args()
    n_seeds = 4 if given.quick else given.seeds
    cells = CellTable.read(given.data)
    replay = Replay(cells, np.column_stack([cells.kernel_weights, cells.features()]))
    with ProcessPoolExecutor(2, initializer=start_worker, initargs=(replay,)) as pool:
        found: dict[str, list[Found]] = {}
        for name in SEARCHES:
            found[name] = list(pool.map(partial(search, name), range(n_seeds), chunksize=2))
            best = 100.0 * np.array([one.best() for one in found[name]])
            print(name, *(mean_and_error(values) for values in best.T), sep=", ", file=sys.stderr, flush=True)
    note = f"{n_seeds} seeds; mean best validation accuracy in percent, 95 % interval; pool factor {POOL_FACTOR}"
    print(header("scikit-learn", "numpy", note=note))
    rows = [
        [name, *(mean_and_error(best) for best in 100.0 * np.array([one.best() for one in searches]).T)]
        for name, searches in found.items()
    ]
    print(table(["trained networks", *map(str, BUDGETS)], rows))
    show_gates(found)


if __name__ == "__main__":
    main()
