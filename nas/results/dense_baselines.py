"""Dense networks as baselines: as many settings as there is time for, the winners tested."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from nas.engine.networks import network_of
from nas.engine.population import predict
from nas.generation import hyperparameters_of
from nas.results.contests import contests_for
from nas.results.dense_training import DenseNetwork, DenseTraining, affordable_entries, train_dense
from nas.results.final_part import FinalPart
from nas.results.final_training import MARGIN, epochs_of, training_wall_s
from nas.results.findings import Baseline
from nas.results.front import Known
from nas.results.front_training import FrontTraining
from nas.results.held_out import Answered, HeldOut

SHARE_OF_SEARCH = 0.25  # of the search's work that these networks may cost where no budget limits them


def dense_baselines(
    part: FinalPart, best: Known, training: FrontTraining, test: HeldOut, n_free: int
) -> tuple[list[Answered], str | None]:
    """Choose, train and test dense networks.

    Args:
        part: The final part of the run.
        best: The best network of the search, to which they are matched.
        training: The final training of the front.
        test: The test rows.
        n_free: Workers that have nothing else to do.

    Returns:
        The baselines, and a note if only a part of their settings was compared.
    """
    search, contests, deadline = part.search, contests_for(part.dataset, best.trial), part.deadline_of_baselines()
    how = DenseTraining(
        course=search.course,
        final=training.recipe,
        while_choosing=hyperparameters_of(best.trial.genotype),
        while_training=training.hyperparameters[best.trial.key],
    )
    if deadline is None:
        speed = replace(part.speed, seconds=1.0)  # any speed: the same seed gives the same networks
        wall_s, seconds = math.inf, SHARE_OF_SEARCH * speed.search_s(search.recorder.history, search.course)
    else:
        speed, wall_s = part.speed, deadline - time.monotonic()
        seconds = n_free * wall_s / MARGIN
    entries = affordable_entries(contests, how, speed, wall_s, seconds, n_free)
    final_s = [training_wall_s([entry.contest.settings[0].load], entry.final, speed, 1) for entry in entries]
    final_wall_s = max([math.fsum(final_s) / n_free, *final_s])
    trained = {d.entry.contest.key: d for d in train_dense(entries, how, search.workers, deadline, final_wall_s)}
    answered = []
    for contest in contests:
        if contest.key in trained:
            answered.append(_tested(trained[contest.key], epochs_of(how.final), test))
        else:
            answered.append(
                Answered(Baseline(f"{contest.kind} ({contest.name}): not trained to the end, time was short"))
            )
    n_all = max(len(contest.settings) for contest in contests)
    if not entries or all(entry.n_settings >= n_all for entry in entries):
        return answered, None
    compared = " and ".join(f"{entry.n_settings} ({entry.contest.key})" for entry in entries)
    why = "there was no time for more" if deadline is not None else "more would cost over a quarter of the search"
    return answered, f"The networks to compare with are the best of {compared} of {n_all} settings: {why}."


def _tested(dense: DenseNetwork, wanted_epochs: int, test: HeldOut) -> Answered:
    setting, epochs = dense.setting, epochs_of(dense.entry.final)
    wiring = dense.trained.wiring
    contest = dense.entry.contest
    name = f"{contest.kind} {setting.name}, rate {setting.learning_rate:g} ({contest.name})"
    if epochs < wanted_epochs:
        name += f", {epochs} of {wanted_epochs} epochs: time was short"
    baseline = Baseline(name, n_weights=wiring.n_weights, n_parameters=wiring.n_parameters, seconds=dense.seconds)
    answers = test.answers(predict(network_of(wiring, setting.activation), dense.trained.parameters, test.rows))
    return Answered(baseline) if answers is None else Answered.judged(baseline, answers, test)
