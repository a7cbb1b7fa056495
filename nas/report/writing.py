"""Write the report of a run: as soon as there is one, and again whenever more is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from nas.background import begin
from nas.files import read_json, write_json
from nas.predictor_report import predictor_report
from nas.report.content import build_report
from nas.results.final_part import FinalPart
from nas.results.findings import Findings
from nas.results.finish import finish

PREDICTOR = "trust in the predictor"


def write_reports(part: FinalPart, show: Callable[[str], None]) -> dict[str, Any] | None:
    """Finish a run, and write its report after each step that adds to it.

    A report on disk is whole at any time; what its ``missing`` names was still to come when it was written.

    Args:
        part: The search that is over, and the time that is left.
        show: Told what is being done.

    Returns:
        The last report; None if interrupted.
    """
    search, dataset = part.search, part.dataset
    directory, settings = search.directory, search.config.predictor
    content = partial(
        build_report,
        name=directory.name,
        data=read_json(directory.config)["data"],
        task=dataset.task,
        score_name=dataset.score_name,
        counts=search.status().counts,
        notes=dataset.notes,
        settings={**asdict(search.plan), "seed": search.config.search.seed, "workers": part.n_workers},
    )
    findings, judged = Findings(), None
    for findings in finish(part, show):
        if settings.enabled and judged is None:  # by a thread, while workers train what the networks are compared with
            judged = begin(_predictor, part)
        missing = (*findings.missing, *([PREDICTOR] if settings.enabled else []))
        report = content(findings, seconds=search.clock.used_s(), predictor=None, missing=missing)
        write_json(directory.report, report)
    if search.is_interrupted():
        return None
    predictor = None
    if judged is not None:
        show("judging the predictor")
        try:
            predictor = judged.result()
        except Exception as error:  # all else that was found is worth more
            note = f"Nothing is known of the predictor: {type(error).__name__}: {error}."
            findings = replace(findings, notes=(*findings.notes, note))
    if search.is_interrupted():
        return None
    report = content(findings, seconds=search.clock.used_s(), predictor=predictor, missing=())
    write_json(directory.report, report)
    return report


def _predictor(part: FinalPart) -> dict[str, Any] | None:
    search = part.search
    return predictor_report(
        search.recorder.history,
        search.n_skipped,
        search.config.predictor,
        search.why_closed(),
        search.config.search.seed,
        deadline=part.deadline_of_trust(),
    )
