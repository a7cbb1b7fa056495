"""Stacks of py-spy are read whatever the processes are called, and are of the right cause."""

from __future__ import annotations

import ast

import pytest
from profile_causes import (
    EVALUATION,
    GATHERING,
    NAMES,
    OTHER,
    ROOT,
    TRAINING,
    Frame,
    Stack,
    calls_at,
    cause_of,
    kernels_of,
    read_stacks,
)

KERNELS = kernels_of(ROOT / "nas" / "engine")
LIBRARIES = "/venv/lib/python3.11/site-packages"


def call_of(kernel: str) -> Frame:
    """Where the engine's Python code calls a kernel: a frame there."""
    for path in sorted((ROOT / "nas" / "engine").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            lines = [call.lineno for call in calls if ast.unparse(call.func) == kernel]
            if lines and function.name not in KERNELS:
                return Frame(function.name, path.relative_to(ROOT).as_posix(), lines[0])
    raise AssertionError(f"nothing calls {kernel}")


def test_a_line_is_processes_frames_and_a_count() -> None:
    line = (
        'process 7:"/venv/bin/python -c from nas.cli import main; main() search";process 8:"python (fork; server)";'
        f"<module> (<string>:1);main (/lib/fork server.py:274);RowFeed.load ({ROOT}/nas/engine/feed.py:65);"
        "wait (x.py) 12"
    )
    (read,) = read_stacks([line + "\n"])
    assert read.processes == (7, 8)
    assert read.n == 12
    assert read.frames == (
        Frame("<module>", "<string>", 1),
        Frame("main", "/lib/fork server.py", 274),
        Frame("RowFeed.load", "nas/engine/feed.py", 65),
        Frame("wait", "x.py", 0),
    )


def test_a_process_may_have_no_frames() -> None:
    (read,) = read_stacks(['process 7:"python; -c" 3'])
    assert (read.processes, read.frames, read.n) == ((7,), (), 3)
    assert cause_of(read, KERNELS) == OTHER


def test_the_kernels_are_those_that_the_engine_calls_to_train_and_to_predict() -> None:
    assert {"train_network", "train_recurrent_network", "predict_rows", "outputs_of_batch", "gather_batch"} <= KERNELS
    assert "compiled" not in KERNELS
    assert "train" not in KERNELS  # the function that trains a population is not compiled


@pytest.mark.parametrize(
    ("kernel", "cause"),
    [
        ("train_network", TRAINING),
        ("train_recurrent_network", TRAINING),
        ("gather_batch", GATHERING),
        ("predict_rows", EVALUATION),
    ],
)
def test_a_kernel_is_told_by_the_line_that_calls_it(kernel: str, cause: str) -> None:
    caller = call_of(kernel)
    assert kernel in calls_at(caller)
    assert cause_of(Stack((1,), (Frame("train_jobs", "nas/jobs.py", 1), caller), 1), KERNELS) == cause
    # What is called from there in Python, such as numba when it loads the kernel, is not the kernel.
    numba = Frame("_compile_for_args", f"{LIBRARIES}/numba/core/dispatcher.py", 1)
    assert cause_of(Stack((1,), (caller, numba), 1), KERNELS) == "compiling and loading kernels"


WORKER = Frame("main", "/lib/python3.11/multiprocessing/forkserver.py", 1), Frame("train_group", "nas/workers.py", 1)
FIT = Frame("boosted_trees", "nas/baselines.py", 1)
LOAD = Frame("RowFeed.load", "nas/engine/feed.py", 1)
PROPOSE = Frame("Proposer.propose", "nas/proposal.py", 1)
TREES, PROCESSES = f"{LIBRARIES}/sklearn/ensemble/_hist_gradient_boosting", f"{LIBRARIES}/sklearn/gaussian_process"


@pytest.mark.parametrize(
    ("frames", "cause"),
    [
        ([FIT, Frame("_find_and_load", "<frozen importlib._bootstrap>", 9)], "imports"),
        ([FIT, Frame("TreeGrower.grow", f"{TREES}/grower.py", 1)], "boosting"),
        ([LOAD, Frame("BatchPlan.epoch", "nas/engine/batches.py", 1)], "permutations of rows"),
        ([LOAD], GATHERING),
        ([Frame("predict", "nas/engine/population.py", 1)], EVALUATION),
        ([Frame("extract", "predictors/features/__init__.py", 1)], "features"),
        ([Frame("MLPSpace.wire", "search_spaces/mlp.py", 1)], "wirings, sampling and mutation"),
        ([PROPOSE, Frame("fit", f"{PROCESSES}/_gpr.py", 1)], "fits of the predictor and its decisions"),
        ([Frame("predictor_report", "nas/predictor_report.py", 1), PROPOSE], "trust report"),
        ([Frame("Recorder._write_all", "nas/recorder.py", 1)], "recording"),
        ([Frame("train_jobs", "nas/jobs.py", 1)], "the rest of training"),
        ([Frame("loop", f"{LIBRARIES}/pebble/pool/process.py", 1)], "sending work and results"),
    ],
)
def test_the_first_cause_that_a_frame_shows_counts(frames: list[Frame], cause: str) -> None:
    assert cause in NAMES
    assert cause_of(Stack((1,), tuple(frames), 1), KERNELS) == cause
    assert cause_of(Stack((1, 2), (*WORKER, *frames), 1), KERNELS) == cause


def test_a_folder_of_the_machine_that_is_called_as_one_of_ours_is_none() -> None:
    assert cause_of(Stack((1,), (Frame("f", "/predictors/features/x.py", 1),), 1), KERNELS) == OTHER
