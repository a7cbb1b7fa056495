"""What the processor time of a search goes to: stacks, as py-spy writes them, and the cause of each.

A line of py-spy's raw format is a stack and how often it was seen: the processes from the first to the one it is of,
then frames from the outermost in, `function (file:line)`. A call of a compiled kernel has no frames below; which kernel
it is is told by the source at the innermost line.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROCESS = re.compile(r'process (\d+):"[^"]*";?')
FRAME = re.compile(r"(?P<function>.*) \((?P<file>.*?)(?::(?P<line>\d+))?\)")

TRAINING, GATHERING, EVALUATION, OTHER = "training kernels", "gathering batches", "evaluation", "other"
KERNELS = {"train": TRAINING, "gather": GATHERING, "predict": EVALUATION, "outputs": EVALUATION}
"""What kernels whose names begin so are called for."""


@dataclass(frozen=True)
class Frame:
    """A frame of a stack: files of this project relative to its root; the line is 0 where it is not known."""

    function: str
    file: str
    line: int


@dataclass(frozen=True)
class Stack:
    """A stack, and how often it was seen.

    Attributes:
        processes: Numbers of the first process, of what it started, and so on, to that whose stack this is.
        frames: From the outermost in.
        n: Samples.
    """

    processes: tuple[int, ...]
    frames: tuple[Frame, ...]
    n: int


def read_stacks(lines: Iterable[str]) -> Iterator[Stack]:
    """The stacks of a file of py-spy's raw format."""
    for line in lines:
        text, _, n = line.rstrip("\n").rpartition(" ")
        processes = []
        while (process := PROCESS.match(text)) is not None:
            processes.append(int(process.group(1)))
            text = text[process.end() :]
        frames = filter(None, (FRAME.fullmatch(frame) for frame in text.split(";")))
        known = tuple(Frame(f["function"], f["file"].removeprefix(f"{ROOT}/"), int(f["line"] or 0)) for f in frames)
        yield Stack(tuple(processes), known, int(n))


def _below(*folders: str) -> Callable[[Frame], bool]:
    """Whether a frame is of this project, its file's path beginning so."""
    return lambda frame: frame.file.startswith(folders)


def _of(*libraries: str) -> Callable[[Frame], bool]:
    """Whether a frame is of a library, which its file's path tells."""
    return lambda frame: any(f"/{library}/" in frame.file for library in libraries)


def _named(*names: str, below: str = "nas/") -> Callable[[Frame], bool]:
    """Whether a function of this project, or its class, has one of these names."""
    return lambda frame: frame.file.startswith(below) and not set(names).isdisjoint(frame.function.split("."))


CAUSES: tuple[tuple[str, Callable[[Frame], bool]], ...] = (
    ("imports", lambda frame: frame.file.startswith("<frozen importlib")),
    ("compiling and loading kernels", _of("numba", "llvmlite")),
    ("permutations of rows", _named("BatchPlan")),
    (GATHERING, _named("load", below="nas/engine/")),
    (EVALUATION, _named("predict", "score", "outputs")),
    ("boosting", _of("_hist_gradient_boosting")),
    ("trust report", lambda frame: _named("predictor_report")(frame) or _below("predictors/trust")(frame)),
    ("features", _below("predictors/features")),
    ("wirings, sampling and mutation", _below("search_spaces/")),
    ("fits of the predictor and its decisions", _below("predictors/", "nas/proposal", "nas/early_evidence")),
    ("recording", lambda frame: _of("optuna", "sqlalchemy")(frame) or _named("Recorder", "save_checkpoint")(frame)),
    ("reading and encoding data", _below("nas/data/", "nas/inputs")),
    ("laying out networks, first weights", _named("network_of", "first_state")),
    ("the rest of training", _below("nas/engine/", "nas/jobs", "nas/training/")),
    ("the rest of the final part", _below("nas/results/", "nas/sequence_baselines")),
    ("sending work and results", lambda f: _of("pebble", "multiprocessing")(f) or _below("nas/task_queue")(f)),
    ("showing", lambda frame: _of("rich")(frame) or _below("nas/view", "nas/report")(frame)),
)
"""A stack is of the first cause that one of its frames shows."""

NAMES = tuple(dict.fromkeys((TRAINING, GATHERING, EVALUATION, *(name for name, _ in CAUSES), OTHER)))


def cause_of(stack: Stack, kernels: frozenset[str]) -> str:
    """What a stack was busy with, one of `NAMES`.

    Args:
        stack: The stack.
        kernels: Names of compiled functions.
    """
    if stack.frames and not stack.frames[-1].file.startswith(("/", "<")):
        for called in calls_at(stack.frames[-1]) & kernels:
            for begins, cause in KERNELS.items():
                if called.startswith(begins):
                    return cause
    return next((name for name, shows in CAUSES if any(map(shows, stack.frames))), OTHER)


def kernels_of(folder: Path) -> frozenset[str]:
    """Names of the functions below a folder that are decorated with `compiled`."""
    return frozenset(
        node.name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and any("compiled" in ast.unparse(d) for d in node.decorator_list)
    )


def calls_at(frame: Frame) -> frozenset[str]:
    """Names of the functions that are called where a frame stands."""
    return _calls(ROOT / frame.file).get(frame.line, frozenset())


@cache
def _calls(file: Path) -> dict[int, frozenset[str]]:
    """By line the names of the functions that a file calls there."""
    if not file.is_file():
        return {}
    found: dict[int, frozenset[str]] = {}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            found[node.lineno] = found.get(node.lineno, frozenset()) | {name}
    return found
