"""Jobs of searches are read, done in turns, and compared fairly."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter

import numpy as np
import proposers
import pytest
from proposers import METHODS, OUR_START, REGULARISED
from search_methods import AREA, TEST, TEST_AREA, SearchJob, analyse, contests_of, searches_of

import nas.search
from nas.evolution import IN_FLIGHT, Evolution, Member
from search_spaces import MLPSpace


@pytest.mark.parametrize(
    ("text", "job"),
    [
        ("letter.csv:class=30s x12", SearchJob("letter.csv", "class", 30.0, 12)),
        (" a=b/mnist.npz=2m   x5 ", SearchJob("a=b/mnist.npz", None, 120.0, 5)),
        ("digits=1h30m x1", SearchJob("digits", None, 5400.0, 1)),
    ],
)
def test_a_job_is_read_as_it_is_written(text: str, job: SearchJob) -> None:
    assert SearchJob.read(text) == job


def test_a_job_is_called_as_its_file() -> None:
    assert SearchJob.read("a=b/mnist.npz=2m x5").name == "mnist"


@pytest.mark.parametrize("text", ["letter.csv", "letter.csv=30s", "=30s x1", "digits=30s x0", "digits=1s x3", "d=x x3"])
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=text):
        SearchJob.read(text)


def test_methods_take_turns_within_a_seed() -> None:
    n = len(METHODS)
    wanted = searches_of([SearchJob("letter.csv", "class", 30.0, n), SearchJob("digits", None, 10.0, 1)], METHODS)
    assert [(w.data, w.seed) for w in wanted] == [("letter", i // n) for i in range(n * n)] + [("digits", 0)] * n
    assert wanted[0].options == ("--target", "class")
    assert wanted[n * n].options == ()
    places = Counter((w.method, i % n) for i, w in enumerate(wanted[: n * n]))
    assert places == Counter({(method, place): 1 for method in METHODS for place in range(n)})  # a Latin square


def row(method: str, seed: int, test: float, front: list[list[float]]) -> dict[str, str]:
    return {
        "data": "letter",
        "method": method,
        "budget_s": "30.0",
        "seed": str(seed),
        "used_s": "29.5",
        "trained": "10",
        "skipped": "5",
        "max_weights": "1024",
        "best_n_weights": "500",
        "best_test_score": str(test),
        "front": json.dumps([[weights, score, score] for weights, score in front]),
        "searched": json.dumps([[weights, score + 0.05] for weights, score in front]),
    }


def test_differences_are_paired_by_seed_and_areas_have_one_floor() -> None:
    rows = []
    for seed in range(3):
        rows.append(row("random", seed, 0.8 + 0.1 * seed, [[64, 0.6], [512, 0.8]]))
        rows.append(row("ours, gate on", seed, 0.81 + 0.1 * seed, [[32, 0.5], [256, 0.8]]))
    (contest,) = contests_of(rows)
    assert contest.difference("ours, gate on", "random", TEST).mean == pytest.approx(0.01)
    assert contest.difference("ours, gate on", "random", TEST).standard_error == pytest.approx(0.0, abs=1e-12)
    # The floor is .55, between .6 and .5; the end is at 2,048 weights.
    for measure in (TEST_AREA, AREA):
        assert contest.values("random", measure) == {seed: pytest.approx(0.05 * 3 + 0.25 * 2) for seed in range(3)}
        assert contest.values("ours, gate on", measure) == {seed: pytest.approx(0.25 * 3) for seed in range(3)}


def test_the_tables_say_what_is_clear_and_what_is_missing() -> None:
    rows = [row("random", seed, 0.8, [[64, 0.6]]) for seed in range(3)]
    rows += [row("ours, gate off", seed, 0.9 + 0.01 * seed, [[64, 0.7]]) for seed in range(2)]
    text = analyse([*rows, row("random", 3, 0.8, []) | {"best_test_score": ""}])
    assert "| letter | 30 | ours, gate off | random | 2 | +0.1050 ± 0.0050 |" in text
    assert "| ours, gate off | random | above: letter; below: none |" in text
    assert "| letter | 30 | ours, gate on | random | 0 | - | - | - |" in text
    assert "floors 0.6000, 0.6500 (at most 64 weights)" in text


SPACE = MLPSpace(n_inputs=4, n_outputs=3, max_weights=200)
FIRST = SPACE.plain(np.random.default_rng(0))


@pytest.mark.parametrize("method", METHODS[:3])
def test_a_method_changes_who_proposes_alone(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nas.search, "Evolution", Evolution)
    monkeypatch.setattr("sys.argv", ["proposers", method, "search", "digits"])
    monkeypatch.setattr("nas.cli.main", lambda: None)
    proposers.main()
    assert sys.argv == ["nas", "search", "digits", "--no-predictor"]
    evolution = nas.search.Evolution(SPACE, 6, seed=0, first=FIRST)
    told: list[float] = []
    for generation in range(8):
        children = evolution.ask(evolution.parents(), 10)
        knows = method == REGULARISED and generation >= IN_FLIGHT
        assert [len(child.parents) for child in children] == [int(knows)] * 10
        is_ours = [child.genotype in FIRST for child in children]
        assert any(is_ours) == (method == OUR_START and generation < IN_FLIGHT)
        evolution.begin(child.key for child in children)
        if generation < IN_FLIGHT - 1:
            waiting = children  # the first generation is told once the second has begun
            continue
        scores = np.random.default_rng(generation).random(10).tolist()
        told += scores
        evolution.tell([Member(c.key, c.genotype, s, 100, 1) for c, s in zip(waiting, scores, strict=True)])
        waiting = children
    if method == REGULARISED:
        assert [member.score for member in evolution.population] == told[-proposers.POPULATION :]  # however good


def test_an_unknown_method_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["proposers", "chance", "search", "digits"])
    with pytest.raises(SystemExit, match="chance"):
        proposers.main()
