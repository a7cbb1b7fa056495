"""What the best network is compared with, one kind after the other, as the time allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from nas.data import Dataset
from nas.results.dense_baselines import dense_baselines
from nas.results.final_part import FinalPart
from nas.results.front import Known
from nas.results.front_training import FrontTraining
from nas.results.held_out import Answered, HeldOut
from nas.results.sequence_answers import begin_sequences, finished_sequences
from nas.results.tree_baseline import begin_trees, finished_trees
from nas.results.trivial_baselines import trivial_baselines

DENSE, TREES, SEQUENCES = "dense networks", "gradient-boosted trees", "baselines of sequences"


@dataclass(frozen=True)
class Compared:
    """The baselines so far.

    Attributes:
        answered: The baselines.
        missing: Kinds that are still to come.
        notes: What could not be done, and why.
    """

    answered: tuple[Answered, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def with_kind(self, kind: str, compare: Callable[[], tuple[list[Answered], str | None]]) -> Compared:
        """The same with the baselines of one more kind; should they fail, a note says so."""
        try:
            answered, note = compare()
        except Exception as error:  # a run is worth more than one of its baselines
            answered, note = [], f"There are no {kind} to compare with: {type(error).__name__}: {error}."
        missing = tuple(name for name in self.missing if name != kind)
        return Compared((*self.answered, *answered), missing, self.notes if note is None else (*self.notes, note))


def baselines(
    part: FinalPart, best: Known, training: FrontTraining, test: HeldOut, show: Callable[[str], None]
) -> Iterator[Compared]:
    """Give ever more baselines; end early if interrupted.

    Args:
        part: The final part of the run.
        best: The best network of the search.
        training: The final training of the front.
        test: The test rows.
        show: Told what is being done.
    """
    other = _Other.of(part, test)
    compared = Compared(tuple(trivial_baselines(part.dataset, test)), (DENSE, other.kind))
    yield compared

    # With several workers, one of them learns the others meanwhile.
    begun = other.begin() if part.n_workers > 1 else None
    n_free = part.n_workers - isinstance(begun, Future)
    show(f"training {DENSE}")
    compared = compared.with_kind(DENSE, lambda: dense_baselines(part, best, training, test, n_free))
    if part.search.is_interrupted():
        return
    yield compared
    show(f"training {other.kind}")
    compared = compared.with_kind(other.kind, lambda: (other.finish(begun or other.begin()), None))
    if not part.search.is_interrupted():
        yield compared


@dataclass(frozen=True)
class _Other:
    """What is learned in a worker: trees for rows, and for sequences what needs no network."""

    kind: str
    begin: Callable[[], Any]
    finish: Callable[[Any], list[Answered]]

    @classmethod
    def of(cls, part: FinalPart, test: HeldOut) -> _Other:
        if isinstance(part.dataset, Dataset):
            return cls(TREES, lambda: begin_trees(part, test), lambda begun: [finished_trees(begun, test)])
        return cls(SEQUENCES, lambda: begin_sequences(part), lambda begun: finished_sequences(begun, test))
