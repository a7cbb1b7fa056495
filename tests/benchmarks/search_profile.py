"""What the cores do in a whole search: which share of their time is inside training kernels, and where the rest goes.

    python tests/benchmarks/search_profile.py --data mnist.npz letter.csv:class digits [--budget 60s]

Each is a `nas search` of that long, watched by py-spy (requirements.txt), which sees all of its processes. How much
processor time a process used is what the system says, and idle what is left of the cores, one for each worker, over the
time from start to end; what a process did with its time is the shares of its samples. A kernel's time includes handing
it its arguments. On a machine that does something else besides, "idle" also is what others took.
"""

from __future__ import annotations

from timing import USERS_ENVIRONMENT, header, table  # isort: skip

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from processor_time import Look, Watch, idle_seconds
from profile_causes import NAMES, ROOT, TRAINING, Stack, cause_of, kernels_of, read_stacks

from nas.config import parse_duration

RATE = 25  # samples a second; py-spy takes a few percent of a core for them
N_FUNCTIONS = 20
LEAST_SHOWN_S = 0.05


@dataclass(frozen=True)
class Profile:
    """What was seen of a search.

    Attributes:
        stacks: Samples of all its processes.
        looks: Processor time of each process.
        watching_s: Processor seconds of py-spy.
        elsewhere_s: Processor seconds of other processes of the machine.
        n_workers: Its workers.
    """

    stacks: Sequence[Stack]
    looks: Sequence[Look]
    watching_s: float
    elsewhere_s: float
    n_workers: int

    @property
    def wall_s(self) -> float:
        """Seconds from its start to its end."""
        return self.looks[-1].moment - self.looks[0].moment

    @property
    def cores_s(self) -> float:
        """Seconds of all cores: one for each worker."""
        return self.n_workers * self.wall_s

    def share(self, seconds: float) -> str:
        """Seconds as a share of the cores' time."""
        return f"{100 * seconds / self.cores_s:.1f} %"


Seconds = dict[Stack, float]
"""Processor seconds that a stack stands for."""


def seconds_of(profile: Profile) -> Seconds:
    """The processor time of each process, divided among its stacks as they were seen."""
    samples: Counter[int] = Counter()
    for stack in profile.stacks:
        samples[stack.processes[-1]] += stack.n
    used_s = profile.looks[-1].used_s
    return {
        stack: used_s.get(stack.processes[-1], 0.0) * stack.n / samples[stack.processes[-1]] for stack in profile.stacks
    }


def by_cause(seconds: Seconds, causes: Mapping[Stack, str]) -> dict[str, Counter[int]]:
    """By cause, in the order of the table, the seconds of each process."""
    found: dict[str, Counter[int]] = {name: Counter() for name in NAMES}
    for stack, spent_s in seconds.items():
        found[causes[stack]][stack.processes[-1]] += spent_s  # type: ignore[assignment]
    return {name: of_cause for name, of_cause in found.items() if of_cause}


def by_function(seconds: Seconds, causes: Mapping[Stack, str]) -> list[tuple[str, float]]:
    """The functions of this project, the innermost of a stack, that take most time outside of training kernels."""
    found: Counter[str] = Counter()
    for stack, spent_s in seconds.items():
        ours = [frame for frame in stack.frames if not frame.file.startswith(("/", "<", "."))]
        if ours and causes[stack] != TRAINING:
            found[f"{ours[-1].function} ({ours[-1].file})"] += spent_s  # type: ignore[assignment]
    return found.most_common(N_FUNCTIONS)


def tables_of(name: str, profile: Profile, kernels: frozenset[str]) -> str:
    """The tables of one search."""
    causes = {stack: cause_of(stack, kernels) for stack in profile.stacks}
    seconds, driver = seconds_of(profile), profile.stacks[0].processes[0]
    shares, used_s = by_cause(seconds, causes), sum(profile.looks[-1].used_s.values())
    training = shares.get(TRAINING, Counter())
    in_kernels_s = sum(training.values())
    workers = sorted(set(training) - {driver})
    idle = idle_seconds(profile.looks, profile.n_workers, driver, workers)
    rows: list[tuple[str, float, float, float]] = [
        (cause, sum(spent[worker] for worker in workers), spent[driver], sum(spent.values()))
        for cause, spent in shares.items()
    ]
    rows.append(("of processes that were over before they were sampled", 0.0, 0.0, used_s - sum(seconds.values())))
    rows += [(when, 0.0, 0.0, spent_s) for when, spent_s in idle.items()]
    body = [
        [what, *(f"{s:.1f}" if s else "" for s in (in_workers, in_driver)), f"{in_all:.1f}", profile.share(in_all)]
        for what, in_workers, in_driver, in_all in rows
        if abs(in_all) > LEAST_SHOWN_S
    ]
    warning = "" if training else "No sample was in a training kernel: see KERNELS in profile_causes.py.\n\n"
    heads = ["", "workers, s", "driver, s", "all processes, s", "of the cores' time"]
    outside = [[function, f"{spent_s:.1f}"] for function, spent_s in by_function(seconds, causes)]
    return (
        f"{name}: {profile.wall_s:.1f} s, {profile.n_workers} workers, {profile.cores_s:.1f} core-seconds; "
        f"{profile.share(in_kernels_s)} inside training kernels ({100 * in_kernels_s / max(used_s, 1e-9):.1f} % of "
        f"the {used_s:.1f} s that its processes used). Besides, py-spy used {profile.watching_s:.1f} s, and other "
        f"processes of the machine {profile.elsewhere_s:.1f} s.\n\n{warning}"
        f"{table(heads, body)}\n{table(['outside of training kernels, in or below', 's'], outside)}"
    )


def watched(data: str, budget_s: float, n_workers: int, seed: int, py_spy: str, stacks: Path) -> Profile:
    """Run a search and watch it.

    Raises:
        SystemExit: It failed, or py-spy may not watch it.
    """
    source, _, target = data.partition(":")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "from nas.cli import main; main()", "search", source, "--out", folder]
        command += ["--budget", f"{budget_s:g}s", "--workers", str(n_workers), "--seed", str(seed)]
        command += ["--target", target] if target else []
        spy = [py_spy, "record", "--subprocesses", "--nonblocking", "--full-filenames", "--format", "raw"]
        process = subprocess.Popen(
            [*spy, "--rate", str(RATE), "--output", str(stacks), "--", *command],
            env=USERS_ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with Watch(process.pid) as watch:
            said, _ = process.communicate()
        if process.returncode != 0 or not stacks.exists() or not any(Path(folder).glob("*/report.json")):
            raise SystemExit(f"{data} could not be profiled:\n{said[-2000:]}")
    with open(stacks, encoding="utf-8") as file:
        return Profile(list(read_stacks(file)), watch.looks, watch.above_s, watch.elsewhere_s, n_workers)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", nargs="+", required=True, help="what nas search takes, :TARGET where it is a table")
    options.add_argument("--budget", type=parse_duration, default=60.0, help="of each search")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--py-spy", default=shutil.which("py-spy"), help="the program, where it is not in PATH")
    options.add_argument("--keep", type=Path, help="folder for the stacks, DATA.txt, to look at them again")
    given = options.parse_args()
    if given.py_spy is None:
        options.error("py-spy is not there (tests/benchmarks/requirements.txt). Install it, or name it with --py-spy.")
    kernels = kernels_of(ROOT / "nas" / "engine")
    note = f"searches of {given.budget:g} s, {RATE} samples a second"
    print(header("numba", "numpy", note=note, threads=f"{given.workers} workers"))
    with tempfile.TemporaryDirectory() as folder:
        for data in given.data:
            name = Path(data.partition(":")[0]).stem
            kept = given.keep or Path(folder)
            kept.mkdir(parents=True, exist_ok=True)
            stacks = kept / f"{name}.txt"
            profile = watched(data, given.budget, given.workers, given.seed, given.py_spy, stacks)
            print(tables_of(name, profile, kernels), flush=True)


if __name__ == "__main__":
    main()
