"""Rules that the sources keep: who may import what, what is banned, and how long a file may be."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("search_spaces", "predictors", "nas")
SOURCES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py"))
MAX_LINES = 400

# What each package may import of the others and, if restricted, of third parties.
OURS = {"search_spaces": set[str](), "predictors": {"search_spaces"}, "nas": {"search_spaces", "predictors"}}
THIRD_PARTIES = {
    "search_spaces": {"numpy", "networkx"},
    "predictors": {
        "numpy",
        "networkx",
        "sklearn",
        "rustworkx",
        "scipy",
        "crepes",
        "pandas",
        "pyarrow",
        "pydantic",
        "rich",
        "threadpoolctl",
        "typer",
    },
}
HOMES = {  # the only files or folders that import a library
    "deap": ("nas/ranking.py",),
    "optuna": ("nas/recorder.py", "nas/study_rows.py"),
    "sqlalchemy": ("nas/recorder.py",),
    "sqlite3": ("nas/recorder.py", "nas/study_rows.py", "predictors/tables/"),
    "pebble": ("nas/workers.py", "nas/task_queue.py", "nas/background.py"),
    "multiprocessing": ("nas/workers.py", "nas/forkserver.py"),
    "numba": ("nas/engine/",),
    "llvmlite": ("nas/engine/",),
    "torch": ("nas/engine/reference.py", "nas/engine/recurrent_reference.py", "nas/models/"),
    "networkx": ("search_spaces/", "predictors/tables/"),
    "rustworkx": ("predictors/features/",),
    "crepes": ("predictors/regressors/",),
    "pandas": ("predictors/tables/",),
    "pyarrow": ("nas/data/", "predictors/tables/"),
    "typer": ("nas/cli.py", "nas/cli_errors.py", "nas/cli_table.py", "predictors/train.py", "predictors/commands/"),
}
BANNED_MODULES = {
    "pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "random", "imp"
}  # fmt: skip
BANNED_BUILTINS = {"eval", "exec", "compile", "__import__", "breakpoint"}
NUMPY_RANDOM = {"default_rng", "Generator", "SeedSequence", "BitGenerator", "PCG64"}
HEAVY = {"torch", "numba", "optuna", "sklearn", "pandas", "scipy", "pyarrow", "deap", "numpy"}


def imports(tree: ast.AST) -> Iterator[str]:
    """Full names of all modules that are imported anywhere in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def import_violations(source: str, path: str) -> list[str]:
    """Imports that a file of this path must not have."""
    package = path.split("/")[0]
    found = []
    for name in imports(ast.parse(source)):
        top = name.split(".")[0]
        if name.startswith("."):
            found.append(f"{path}: relative import {name}")
        elif (top in PACKAGES and top != package and top not in OURS[package]) or top not in {
            *PACKAGES,
            *sys.stdlib_module_names,
            *THIRD_PARTIES.get(package, {top}),
        }:
            found.append(f"{path}: {package} must not import {top}")
        if not path.startswith(HOMES.get(top, (package,))):
            found.append(f"{path}: {top} belongs in {' and '.join(HOMES[top])}")
    return found


def dotted(node: ast.expr) -> str:
    """The dotted name an expression writes, or an empty text."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def banned(source: str, path: str) -> list[str]:
    """What a file must not do: run code from data, draw from global generators, check input by assert."""
    tree = ast.parse(source)
    found = [f"{path}: import {name}" for name in imports(tree) if name.split(".")[0] in BANNED_MODULES]
    for node in ast.walk(tree):
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Name) and node.id in BANNED_BUILTINS:
            found.append(f"{where}: {node.id}")
        elif isinstance(node, ast.ExceptHandler) and node.type is None:
            found.append(f"{where}: bare except")
        elif isinstance(node, ast.Assert) and not narrows_a_type(node.test):
            found.append(f"{where}: assert")
        elif isinstance(node, ast.ImportFrom) and node.module in ("numpy.random", "torch"):
            found += [f"{where}: {a.name}" for a in node.names if a.name not in {*NUMPY_RANDOM, "nn", "Tensor"}]
        elif isinstance(node, ast.Attribute):
            name = dotted(node)
            if name in ("torch.load", "torch.manual_seed"):
                found.append(f"{where}: {name}")
            if name.startswith(("np.random.", "numpy.random.")) and name.split(".")[2] not in NUMPY_RANDOM:
                found.append(f"{where}: {name}")
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
            found.append(f"{where}: allow_pickle")
    return found


def narrows_a_type(test: ast.expr) -> bool:
    """Whether an assert only tells the type checker what is known: ``x is not None``, ``isinstance(x, T)``."""
    if isinstance(test, ast.BoolOp):
        return all(narrows_a_type(value) for value in test.values)
    if isinstance(test, ast.Compare):
        return isinstance(test.ops[0], ast.IsNot)
    return isinstance(test, ast.Call) and dotted(test.func) == "isinstance"


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_there_are_sources() -> None:
    assert {path.split("/")[0] for path in SOURCES} == set(PACKAGES)
    assert all((ROOT / home).exists() for homes in HOMES.values() for home in homes)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way_and_each_library_has_one_home(package: str) -> None:
    files = [path for path in SOURCES if path.startswith(f"{package}/")]
    assert [line for path in files for line in import_violations(text(path), path)] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("search_spaces/x.py", "from nas.errors import DataError"),
        ("search_spaces/x.py", "import predictors"),
        ("search_spaces/x.py", "import scipy.sparse"),
        ("predictors/x.py", "import nas.config"),
        ("predictors/x.py", "def f():\n    import torch"),
        ("predictors/x.py", "import rustworkx"),
        ("nas/x.py", "import deap.tools"),
        ("nas/x.py", "from optuna.trial import TrialState"),
        ("nas/data/x.py", "from numba import njit"),
        ("nas/engine/x.py", "import torch"),
        ("nas/x.py", "from . import errors"),
    ],
)
def test_a_wrong_import_is_found(path: str, source: str) -> None:
    assert import_violations(source, path)


def test_nothing_banned_is_used() -> None:
    assert [line for path in SOURCES for line in banned(text(path), path)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "exec(code)",
        "torch.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "np.random.seed(0)",
        "x = np.random.rand(3)",
        "from numpy.random import rand",
        "import random",
        "assert x > 0",
        "try:\n    f()\nexcept:\n    pass",
    ],
)
def test_what_is_banned_is_found(source: str) -> None:
    assert len(banned(source, "nas/x.py")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "np.load(path)",
        "np.load(path, allow_pickle=False)",
        "np.random.default_rng([1, 2]).random()",
        "assert x is not None",
        "assert isinstance(x, int)",
    ],
)
def test_what_is_allowed_is_not_found(source: str) -> None:
    assert banned(source, "nas/x.py") == []


def test_no_file_is_too_long() -> None:
    lengths = {path: len(text(path).splitlines()) for path in SOURCES + TESTS}
    assert {path: length for path, length in lengths.items() if length > MAX_LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    assert [path for path in SOURCES if text(path).strip('"\n') and not ast.get_docstring(ast.parse(text(path)))] == []


def test_every_module_postpones_annotations() -> None:
    missing = []
    for path in SOURCES + TESTS:
        body = ast.parse(text(path)).body
        has_code = any(not isinstance(node, ast.Expr) for node in body)
        if has_code and "from __future__ import annotations" not in text(path):
            missing.append(path)
    assert [path for path in missing if path != "nas/__init__.py"] == []


@pytest.mark.parametrize("package", ["search_spaces", "predictors", "nas", "nas.data"])
def test_all_names_the_public_members(package: str) -> None:
    module = importlib.import_module(package)
    members = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and name != "annotations" and not isinstance(value, types.ModuleType)
    }
    listed = getattr(module, "__all__", [])
    assert len(listed) == len(set(listed))  # ruff keeps their order
    assert {name for name in listed if not name.startswith("__")} == members


@pytest.mark.parametrize("modules", ["nas", "nas.cli", "nas.report.file, nas.report.terminal"])
def test_importing_is_light(modules: str) -> None:
    code = f"import sys, {modules}; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert HEAVY & set(result.stdout.split()) == set()


def test_worker_processes_load_neither_the_record_nor_torch() -> None:
    code = "import sys, nas.workers; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert {"optuna", "torch", "sklearn", "sqlalchemy"} & set(result.stdout.split()) == set()
