"""What the steps after a search share: the search, its data, and when each step ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from nas.data import AnyDataset
from nas.results.timetable import Timetable
from nas.search import Search
from nas.speed import Speed

JUDGING_SHARE, LAST_FIT_S = 0.06, 1.0  # of the budget, for judging the predictor; its last fit may take so long


@dataclass(frozen=True, eq=False)
class FinalPart:
    """The part of a run that follows the search.

    Attributes:
        search: The search, which is over.
        dataset: Its data.
        speed: Of one worker.
        table: Seconds for each step, no more than are left; None without a budget.
        end: Time of ``time.monotonic`` by which all steps are over; None without a budget.
    """

    search: Search
    dataset: AnyDataset
    speed: Speed
    table: Timetable | None
    end: float | None

    @classmethod
    def begin(
        cls, search: Search, dataset: AnyDataset, speed: Speed, table_of: Callable[[float], Timetable]
    ) -> FinalPart:
        """Plan the steps for the time that is left.

        Args:
            search, dataset, speed: See above.
            table_of: Makes a timetable for a budget. If the search left more time than was kept, the shares of the
                steps grow with it; if it left less, they shrink.
        """
        budget_s, end = search.clock.budget_s, search.clock.moment(search.clock.closing_s)
        if budget_s is None or end is None:
            return cls(search, dataset, speed, None, None)
        left_s, kept = end - time.monotonic(), table_of(budget_s)
        if 0.0 < kept.total_s < left_s:
            kept = table_of(budget_s * left_s / kept.total_s)
        return cls(search, dataset, speed, kept.within(left_s), end)

    @property
    def n_rows(self) -> int:
        """Rows or sequences of the final training."""
        return len(self.dataset.y)

    @property
    def n_workers(self) -> int:
        """Worker processes."""
        return self.search.config.search.workers

    def deadline_of_cross_validation(self) -> float | None:
        """Its end, if it begins now."""
        return None if self.table is None else time.monotonic() + self.table.cross_validation

    def deadline_of_baselines(self) -> float | None:
        """The end of the dense networks and boosted trees."""
        return None if self.table is None or self.end is None else self.end - self.table.trust

    def deadline_of_trust(self) -> float | None:
        """The end of judging the predictor, if it begins now: beside the trainings, whose cores it takes."""
        budget_s = self.search.clock.budget_s
        if self.end is None or budget_s is None:
            return self.end
        return min(self.end - LAST_FIT_S, time.monotonic() + JUDGING_SHARE * budget_s)

    def deadline_of_front(self) -> float | None:
        """When the front should be trained, so that the baselines have their time; it may take theirs if need be."""
        before = self.deadline_of_baselines()
        return None if self.table is None or before is None else before - self.table.baselines - self.table.test

    def latest_end_of_front(self) -> float | None:
        """When the training of the front ends at the latest, so that it can be tested."""
        return None if self.table is None or self.end is None else self.end - self.table.test

    def seconds_for_front(self) -> float | None:
        """Seconds from now until then; 0 or less if it is over."""
        deadline = self.deadline_of_front()
        return None if deadline is None else deadline - time.monotonic()
