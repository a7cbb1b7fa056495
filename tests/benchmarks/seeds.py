"""Time a training step of several seeds of one wiring, in turns against one seed.

Whole steps of candidates such as a search on MNIST draws; batch 128, float32, one thread.

    python tests/benchmarks/seeds.py [--quick]
"""

from __future__ import annotations

from timing import FULL, QUICK, header, in_turns, milliseconds, parser, spread, table  # isort: skip

import numpy as np
from drawn import described, draw_wirings
from engine_step import engine_step

SEEDS = (1, 2, 3, 5)
N_WIRINGS = 4


def cells(seconds: np.ndarray) -> list[str]:
    """Time of one seed, and ratios of the others to it, from (seeds, turns)."""
    return [milliseconds(seconds[0]), *(spread(several / seconds[0]) for several in seconds[1:])]


def main() -> None:
    is_quick = parser(__doc__).parse_args().quick
    effort, wirings = QUICK if is_quick else FULL, draw_wirings(N_WIRINGS)
    rows, total = [], np.zeros((len(SEEDS), effort.turns))
    for wiring in wirings:
        turns = in_turns({str(n): engine_step(wiring, n) for n in SEEDS}, effort)
        seconds = np.stack([turns[str(n)] for n in SEEDS])
        total += seconds
        rows.append([f"{wiring.n_edges:,}", wiring.n_hidden, *cells(seconds)])
    rows.append(["all together", "", *cells(total)])
    print(header("numba", "numpy", note=f"{described(wirings)}; {effort}"))
    print(table(["edges", "neurons", "1 seed ms", *(f"{n} seeds over 1: median (turns)" for n in SEEDS[1:])], rows))


if __name__ == "__main__":
    main()
