"""Show what is said of a predictor that has seen one family of graphs only, when it is asked about another.

The table has one row a network: `mode` (the kind of cell), `graph` (the family), `test_acc`, and structural features of
its graph. For each cell a predictor learns from one family and is asked about the other, in both directions; beside it
stands what cross-validation inside the family it knows would promise. With --repeats, a table with `top1_err_seed1`,
`top1_err_seed2`, ... gives the noise ceiling that several trainings of a network show.

    python tests/benchmarks/trust_across_families.py --data sparse_rnn_reber_structure.csv.gz
        [--repeats nas_relational_graph_mlp_cifar10.csv.gz] [--regressor NAME] [--seeds 3]
"""

from __future__ import annotations

from timing import header, parser, table  # isort: skip

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from predictors.examples import Examples
from predictors.familiarity import Familiarity
from predictors.regressors import make_baseline, make_regressor
from predictors.regressors.protocol import Make
from predictors.trust import Estimate, FamilyTrust, assess, noise_ceiling, trust_on
from predictors.trust_report import family_sentence, unseen_sentence

NOT_FEATURES = ("id", "mode", "graph", "graph_nr", "test_acc", "test_loss", "time")
SIZE_NAMES = ("nodes", "edges", "source_nodes", "sink_nodes")


def examples_of(networks: pd.DataFrame) -> Examples:
    """What there is to learn from, in the order of the table."""
    names = tuple(name for name in networks.columns if name not in NOT_FEATURES)
    return Examples(
        names,
        networks[list(names)].to_numpy(np.float64),
        networks["test_acc"].to_numpy(np.float64),
        size_names=tuple(name for name in SIZE_NAMES if name in names),
        families=tuple(networks["graph"].astype(str)),
    )


def asked_about(examples: Examples, known: str, make: Make, seed: int) -> tuple[Estimate, FamilyTrust, float]:
    """Cross-validated tau inside the known family, what is told of the other, and how much of it is outside."""
    is_known = np.array([family == known for family in examples.families])
    learned, asked = (examples.take(np.flatnonzero(side)) for side in (is_known, ~is_known))
    inside = assess(learned, make, seed, n_curve_repeats=0).skill.tau
    (told,) = trust_on(learned, replace(asked, repeats=None), make, make_baseline, seed)
    outside = Familiarity.of(learned.rows, learned.families).outside(asked.rows, asked.families)
    return inside, told, float(outside.mean())


def show_families(networks: pd.DataFrame, make: Make, n_seeds: int) -> None:
    rows, sentences = [], []
    for cell, of_cell in networks.groupby("mode"):
        examples = examples_of(of_cell)
        for known in sorted(set(examples.families), reverse=True):
            found = [asked_about(examples, known, make, seed) for seed in range(n_seeds)]
            inside, told, outside = found[0]
            spread = np.std([one.tau.value for _, one, _ in found])
            rows.append(
                [
                    cell,
                    known,
                    told.family,
                    inside,
                    told.tau,
                    f"{spread:.3f}",
                    told.r2,
                    told.is_trusted,
                    f"{outside:.0%}",
                ]
            )
            sentences.append(f"{cell}: {unseen_sentence((known,))}\n    {family_sentence(told)}")
    print(
        table(
            ["cell", "learned", "asked", "tau inside", "tau there", "over seeds", "R2 there", "trusted", "marked"], rows
        )
    )
    print("\n".join(sentences))


def show_ceiling(networks: pd.DataFrame) -> None:
    repeats = networks.filter(regex=r"^top1_err_seed\d+$").to_numpy(np.float64)
    ceiling = noise_ceiling(-repeats, seed=0)
    if ceiling is None:
        print("Too few networks were trained twice for a ceiling.")
        return
    figures = ceiling.reliability, ceiling.highest_tau, ceiling.one_against_others
    print(
        table(
            ["networks", "trainings", "highest R2", "highest tau", "one against others' mean", "one against one"],
            [[ceiling.n_networks, f"{ceiling.n_trainings:g}", *figures, ceiling.one_against_one]],
        )
    )


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", required=True, help="table of networks, their graphs' features and scores")
    options.add_argument("--repeats", help="table of networks that were trained several times")
    options.add_argument("--regressor", default="support-vectors")
    options.add_argument("--seeds", type=int, default=3, help="of the regressor; tau over them has this deviation")
    given = options.parse_args()
    print(header("scikit-learn", "numpy", note=f"{given.regressor}, {given.seeds} seeds; +- is a standard error"))
    networks = pd.read_csv(given.data)
    if given.quick:
        networks = networks[networks["mode"] == networks["mode"].iloc[0]]
    show_families(networks, partial(make_regressor, given.regressor), 1 if given.quick else given.seeds)
    if given.repeats:
        show_ceiling(pd.read_csv(given.repeats))


if __name__ == "__main__":
    main()
