"""Look at a run without touching it."""

from __future__ import annotations

from nas.files import read_json
from nas.recorder import read_history
from nas.report.file import is_finished
from nas.rundir import RunDirectory
from nas.status import best_of, count, score_of


def describe_run(directory: RunDirectory) -> list[str]:
    """What a run has found so far, in a few lines."""
    about = read_json(directory.config)
    if directory.is_held():
        state = "running"
    elif directory.report.exists() and is_finished(read_json(directory.report)):
        state = "finished"
    else:
        state = f"stopped; go on with `nas resume {directory.path}`"
    history = read_history(directory.study) if directory.study.exists() else []
    n_skipped = max(0, len(directory.skipped.read_bytes().splitlines()) - 1) if directory.skipped.exists() else 0
    counts, best = count(history, n_skipped), best_of(history)
    lines = [
        f"{directory.name}: {state}",
        f"data: {about['data']}",
        f"{counts.trained} trained, {counts.stopped} stopped, {counts.skipped} skipped, {counts.failed} failed",
    ]
    if best is not None:
        lines.append(
            f"best {about['score_name']} on validation rows: {score_of(best):.4f} with {best.n_weights:,} weights "
            f"({best.n_parameters:,} parameters; trial {best.number})"
        )
    return lines
