"""What the best network is compared with, one kind after the other, as the time allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nas.data import Dataset
from nas.results.dense_baselines import dense_baselines
from nas.results.final_part import FinalPart
from nas.results.front import Known
from nas.results.front_training import FrontTraining
from nas.results.held_out import Answered, HeldOut
from nas.results.sequence_answers import answered_sequences
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
    dataset, has_trees = part.dataset, isinstance(part.dataset, Dataset)
    compared = Compared(tuple(trivial_baselines(dataset, test)), (DENSE, TREES if has_trees else SEQUENCES))
    yield compared

    # With several workers, the trees are learned in one of them while the others train dense networks.
    begun = begin_trees(part, test) if has_trees and part.n_workers > 1 else None
    show(f"training {DENSE}")
    compared = compared.with_kind(DENSE, lambda: dense_baselines(part, best, training, test))
    if part.search.is_interrupted():
        return
    yield compared
    if has_trees:
        show(f"training {TREES}")
        compared = compared.with_kind(TREES, lambda: ([finished_trees(begun or begin_trees(part, test), test)], None))
    else:
        show(f"training {SEQUENCES}")
        compared = compared.with_kind(SEQUENCES, lambda: (answered_sequences(part, test), None))
    if not part.search.is_interrupted():
        yield compared
