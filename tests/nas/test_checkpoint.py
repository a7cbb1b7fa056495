from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from json_values import json_objects

from nas.checkpoint import load_checkpoint, load_standings, save_checkpoint, save_standings
from nas.engine.state import TrainingState
from nas.errors import CheckpointError
from nas.generation import Standing

OLD: dict[str, Any] = {"generation": 1, "seen": ["a", "b"], "score": 0.75}
NEW: dict[str, Any] = {"generation": 2, "seen": ["a", "b", "c"], "score": 0.8125}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Two checkpoints, one after the other."""
    path = tmp_path / "checkpoint.json"
    save_checkpoint(path, OLD)
    save_checkpoint(path, NEW)
    return path


@settings(deadline=None, max_examples=60)
@given(json_objects)
def test_a_state_comes_back_equal(tmp_path_factory: pytest.TempPathFactory, state: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("run") / "checkpoint.json"
    save_checkpoint(path, state)
    assert load_checkpoint(path) == state


def test_the_newest_state_is_read_and_none_if_there_was_never_one(checkpoint: Path) -> None:
    assert load_checkpoint(checkpoint) == NEW
    assert load_checkpoint(checkpoint.with_name("other.json")) is None


def test_a_flipped_byte_in_the_newest_state_falls_back_to_the_one_before(checkpoint: Path) -> None:
    content = checkpoint.read_bytes()
    for place in range(len(content)):
        for bit in (0, 3, 7):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            checkpoint.write_bytes(changed)
            assert load_checkpoint(checkpoint) in (OLD, NEW)


def test_a_state_that_was_altered_is_passed_over(checkpoint: Path) -> None:
    outer = json.loads(checkpoint.read_text())
    checkpoint.write_text(json.dumps({**outer, "body": outer["body"].replace("1", "2")}))
    assert load_checkpoint(checkpoint) == OLD


def test_a_newest_state_cut_off_anywhere_falls_back_to_the_one_before(checkpoint: Path) -> None:
    content = checkpoint.read_bytes()
    for length in range(len(content)):
        checkpoint.write_bytes(content[:length])
        assert load_checkpoint(checkpoint) == OLD


def test_a_newest_state_that_is_gone_falls_back_to_the_one_before(checkpoint: Path) -> None:
    checkpoint.unlink()  # a kill between the two renames
    assert load_checkpoint(checkpoint) == OLD
    save_checkpoint(checkpoint, NEW)
    assert load_checkpoint(checkpoint) == NEW


def test_two_damaged_states_are_refused(checkpoint: Path) -> None:
    for file in checkpoint.parent.iterdir():
        file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match=r"checkpoint.json and the copy before it are damaged. Start a new run"):
        load_checkpoint(checkpoint)


def test_a_state_of_a_newer_format_is_refused_rather_than_passed_over(checkpoint: Path) -> None:
    body = json.dumps({"format": 2, "state": NEW})
    checkpoint.write_text(json.dumps({"sha256": hashlib.sha256(body.encode()).hexdigest(), "body": body}))
    with pytest.raises(CheckpointError, match=r"has format 2, this version reads 1"):
        load_checkpoint(checkpoint)


def test_a_state_with_nan_is_not_written_and_the_last_one_stays(checkpoint: Path) -> None:
    for wrong in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match=r"JSON compliant"):
            save_checkpoint(checkpoint, {"score": wrong})
        assert load_checkpoint(checkpoint) == NEW


@st.composite
def standings(draw: st.DrawFn) -> dict[str, Standing]:
    result = {}
    for key in draw(st.lists(st.text("0123456789abcdef", min_size=4, max_size=8), unique=True, max_size=4)):
        n_seeds = draw(st.integers(1, 3))
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        # Any bits at all, NaN and subnormal numbers among them.
        bits = rng.integers(2**32, size=(3, n_seeds, draw(st.integers(1, 20))), dtype=np.uint32)
        edges = [rng.integers(2**31, size=(n_seeds, draw(st.integers(1, 9))), dtype=np.int32) for _ in range(2)]
        edges = draw(st.sampled_from([edges, [None, None]]))
        n_steps = draw(st.integers(0, 10**6))
        state = TrainingState(*bits.view(np.float32), n_steps, None, *edges, n_prunings=draw(st.integers(0, 8)))
        seeds = st.lists(st.floats(-1e9, 1), min_size=n_seeds, max_size=n_seeds).map(tuple)
        scores = draw(st.lists(seeds, max_size=3).map(tuple))
        result[key] = Standing(draw(st.sampled_from([state, None])), scores, draw(st.floats(0, 1e6)))
    return result


def same(first: TrainingState | None, second: TrainingState | None) -> bool:
    if first is None or second is None:
        return first is second
    names = ("parameters", "first_moment", "second_moment")
    for name in ("indptr", "indices"):
        edges = [getattr(state, name) for state in (first, second)]
        if (edges[0] is None) != (edges[1] is None) or not np.array_equal(*edges):
            return False
    done = [(state.steps_done, state.n_prunings, state.failure) for state in (first, second)]
    return done[0] == done[1] and all(
        getattr(first, name).dtype == getattr(second, name).dtype == np.float32
        and getattr(first, name).shape == getattr(second, name).shape
        and getattr(first, name).tobytes() == getattr(second, name).tobytes()
        for name in names
    )


@settings(deadline=None, max_examples=60)
@given(standings())
def test_standings_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, standings: dict[str, Standing]
) -> None:
    path = tmp_path_factory.mktemp("run") / "standings"
    save_standings(path, standings)
    loaded = load_standings(path)
    assert loaded.keys() == standings.keys()
    for key, standing in standings.items():
        assert same(loaded[key].state, standing.state)
        assert (loaded[key].scores, loaded[key].seconds) == (standing.scores, standing.seconds)


def test_damaged_or_missing_standings_are_none(tmp_path: Path) -> None:
    path = tmp_path / "standings"
    assert load_standings(path) == {}
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    save_standings(path, {"ab": Standing(TrainingState(weights, weights, weights, 5), ((0.5, 0.25),), 2.0)})
    content = path.read_bytes()
    assert load_standings(path).keys() == {"ab"}
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :])
        assert load_standings(path) == {}
        path.write_bytes(content[:place])
        assert load_standings(path) == {}
