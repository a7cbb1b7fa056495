"""About how long baselines take to learn, known without loading what learns them."""

from __future__ import annotations

from nas.data import SequenceDataset

MAX_ITERATIONS = 100  # of boosting, scikit-learn's default
LOADING_S = 1.5  # of scikit-learn in a worker
# Measured with scikit-learn 1.9 on 500 to 100,000 rows of 10 to 784 columns.
BINNING_S_A_VALUE, TREE_S, TREE_S_A_COLUMN, TREE_S_A_VALUE = 2.5e-7, 1e-3, 1.5e-4, 1e-8

MOST_ITERATIONS = 300  # of logistic regression
MOST_KERNELS = 1000
MOST_WARPED_STEPS = 256
WARPING_SHARE = 0.1  # of the steps, to either side
# Measured on one core, and rounded up.
ITERATION_S_A_VALUE, KERNEL_S_A_VALUE, WARPING_S_A_CELL = 3e-9, 3e-8, 4e-9


def boosting_seconds(n_inputs: int, n_rows: int, n_classes: int) -> float:
    """Seconds of all iterations of gradient-boosted trees.

    Args:
        n_inputs, n_rows: Of the table that is learned from.
        n_classes: Classes; 1 for regression.
    """
    n_values, n_trees = n_inputs * n_rows, n_classes if n_classes > 2 else 1
    tree_s = TREE_S + TREE_S_A_COLUMN * n_inputs + TREE_S_A_VALUE * n_values
    return least_seconds(n_inputs, n_rows) + MAX_ITERATIONS * n_trees * tree_s


def least_seconds(n_inputs: int, n_rows: int) -> float:
    """Seconds until the first iteration of boosting begins."""
    return LOADING_S + BINNING_S_A_VALUE * n_inputs * n_rows


def wanted_seconds(dataset: SequenceDataset) -> float:
    """Seconds of all baselines of sequences, with nothing cut, for a test set of half the size of the others."""
    n, n_values = len(dataset.y), dataset.x.size
    linear_s = ITERATION_S_A_VALUE * n_values * dataset.n_outputs * MOST_ITERATIONS
    if not dataset.has_differences:
        return linear_s
    n_steps = min(int(dataset.lengths.max()), MOST_WARPED_STEPS)
    warping_s = WARPING_S_A_CELL * n * n / 2 * dataset.n_inputs * 2 * WARPING_SHARE * n_steps**2
    return linear_s + warping_s + MOST_KERNELS * KERNEL_S_A_VALUE * n_values
