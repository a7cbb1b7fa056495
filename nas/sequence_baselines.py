"""What needs no network, for sequences: linear models, nearest neighbours, and random convolution kernels.

Sequences of arrays are first brought to one length by linear interpolation, channel by channel. Strings are bags of
their n-grams of 1 to 3 symbols, each counted once (a nearest neighbour by edit distance is left out: it needs the
distances of all pairs, one by one).
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from nas.baseline_seconds import (
    ITERATION_S_A_VALUE,
    KERNEL_S_A_VALUE,
    MOST_ITERATIONS,
    MOST_KERNELS,
    MOST_WARPED_STEPS,
    WARPING_S_A_CELL,
    WARPING_SHARE,
)
from nas.data import SequenceDataset

Float = NDArray[np.float32]
Task = str

MOST_STEPS = 512  # that sequences are brought to
MOST_NGRAMS = 5000
ALPHAS = np.logspace(-3, 3, 10)  # of ridge regression
FEWEST_KERNELS = 50
KERNEL_LENGTHS = (7, 9, 11)
PAIRS_AT_ONCE = 1 << 14
SHARES = (0.25, 0.25, 0.5)  # of the time: of the linear model, of warping, and the rest of random kernels


@dataclass(frozen=True, eq=False)
class SequenceBaseline:
    """What one of them says of the test sequences.

    Attributes:
        name: What it is.
        predicted: float32 (n_test,), class numbers or values.
        n_weights: Its weights; None where there are none.
        n_parameters: The same, with intercepts.
        seconds: Time that it took.
    """

    name: str
    predicted: Float
    n_weights: int | None
    n_parameters: int | None
    seconds: float


def sequence_baselines(dataset: SequenceDataset, limit_s: float, seed: int) -> Iterator[SequenceBaseline]:
    """Learn from all sequences but the test's, and answer for these, one baseline after the other.

    Args:
        dataset: The data; its test sequences are read here.
        limit_s: Seconds that all may take together, about; what takes longer has less to do, or is left out.
        seed: Of the random kernels.
    """
    x_test, test_offsets, _ = dataset.read_test()
    y = dataset.y.astype(np.float32)
    linear_s, warping_s, kernels_s = (share * limit_s for share in SHARES)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if not dataset.has_differences:
            bags = CountVectorizer(analyzer="char", ngram_range=(1, 3), max_features=MOST_NGRAMS, binary=True)
            start = time.monotonic()
            learned = bags.fit_transform(_texts(dataset.x, dataset.offsets))
            asked = bags.transform(_texts(x_test, test_offsets))
            yield _linear("n-grams", learned, y, asked, dataset.task, _iterations(learned.nnz, y, linear_s), start)
            return
        n_steps = min(int(dataset.lengths.max()), MOST_STEPS)
        learned, asked = (
            resampled(x[: dataset.n_inputs], offsets, n_steps)
            for x, offsets in ((dataset.x, dataset.offsets), (x_test, test_offsets))
        )
        start, flat, flat_asked = time.monotonic(), learned.reshape(len(learned), -1), asked.reshape(len(asked), -1)
        yield _linear("values", flat, y, flat_asked, dataset.task, _iterations(flat.size, y, linear_s), start)
        start = time.monotonic()
        nearest = _nearest(lambda some: _squared_distances(some, flat), flat_asked)
        yield _answer("nearest neighbour (Euclidean)", y[nearest], start)
        n_warped = min(n_steps, MOST_WARPED_STEPS)
        n_cells = len(learned) * len(asked) * learned.shape[1] * 2 * WARPING_SHARE
        n_warped = min(n_warped, math.isqrt(int(warping_s / WARPING_S_A_CELL / n_cells)))
        if n_warped >= 2:
            start, band = time.monotonic(), max(round(WARPING_SHARE * n_warped), 1)
            short, short_asked = (_stretched(values, n_warped) for values in (learned, asked))
            nearest = _nearest(lambda some: warped_distances(some, short, band), short_asked)
            name = f"nearest neighbour (time warping within {band} of {n_warped} steps)"
            yield _answer(name, y[nearest], start)
        n_values = learned.size + asked.size
        n_kernels = min(MOST_KERNELS, int(kernels_s / (KERNEL_S_A_VALUE * n_values)))
        if n_kernels >= FEWEST_KERNELS and n_steps >= 2:
            start, rng = time.monotonic(), np.random.default_rng(seed)
            kernels = [random_kernel(learned.shape[1], n_steps, rng) for _ in range(n_kernels)]
            features = [np.concatenate([of_kernel(k, v) for k in kernels], axis=1) for v in (learned, asked)]
            name = f"{n_kernels} random convolution kernels"
            yield _ridge(name, features[0], y, features[1], dataset.task, start)


def resampled(x: NDArray[Any], offsets: NDArray[np.int64], n_steps: int) -> Float:
    """Sequences brought to one length by linear interpolation.

    Args:
        x: (n_channels, n_steps of all).
        offsets: int64 (n + 1,).
        n_steps: The length.

    Returns:
        float32 (n, n_channels, n_steps).
    """
    sequences = [x[:, first:last] for first, last in pairwise(offsets.tolist())]
    return np.stack([_stretched(sequence[None].astype(np.float32), n_steps)[0] for sequence in sequences])


def _stretched(x: Float, n_steps: int) -> Float:
    """Sequences of one length (n, n_channels, length) brought to another, (n, n_channels, n_steps)."""
    places = np.linspace(0, x.shape[2] - 1, n_steps)
    before = np.minimum(places.astype(int), max(x.shape[2] - 2, 0))
    after = np.minimum(before + 1, x.shape[2] - 1)
    share = (places - before).astype(np.float32)
    return np.asarray((1 - share) * x[:, :, before] + share * x[:, :, after])


def warped_distances(first: Float, second: Float, band: int) -> Float:
    """Squared distances by dynamic time warping of all pairs (Sakoe & Chiba 1978, within a band of the diagonal).

    Args:
        first, second: float32 (n, n_channels, n_steps) and (m, n_channels, n_steps).
        band: Steps by which two that are matched may lie apart, at least 1.

    Returns:
        float32 (n, m).
    """
    n_steps = first.shape[2]
    infinite = np.full((len(first), len(second)), np.inf, np.float32)
    before = {-1: np.zeros_like(infinite)}  # the distances of the prefixes of i steps and of j + 1 steps, by j
    for i in range(n_steps):
        row: dict[int, Float] = {}
        for j in range(max(i - band, 0), min(i + band + 1, n_steps)):
            cost = ((first[:, None, :, i] - second[None, :, :, j]) ** 2).sum(axis=2)
            shortest = np.minimum(before.get(j, infinite), before.get(j - 1, infinite))
            row[j] = cost + np.minimum(shortest, row.get(j - 1, infinite))
        before = row
    return before[n_steps - 1]


@dataclass(frozen=True, eq=False)
class Kernel:
    """A random convolution kernel.

    Attributes:
        channels: Numbers of the channels that it reads.
        weights: float32 (n_channels read, length).
        bias: Added to the sums.
        dilation: Steps between two that it reads.
        is_padded: Whether it begins and ends beyond the sequence, where all is 0.
    """

    channels: NDArray[np.int64]
    weights: Float
    bias: float
    dilation: int
    is_padded: bool


def random_kernel(n_channels: int, n_steps: int, rng: np.random.Generator) -> Kernel:
    """A kernel drawn as by Dempster, Petitjean & Webb, "ROCKET", Data Mining and Knowledge Discovery 34 (2020).

    Several channels: a kernel reads some of them, as many as a power of 2 with a uniform exponent.
    """
    length = min(int(rng.choice(KERNEL_LENGTHS)), n_steps)
    most = min(n_channels, length)
    channels = rng.permutation(n_channels)[: int(2 ** rng.uniform(0, math.log2(most + 1)))]
    weights = rng.standard_normal((len(channels), length))
    weights -= weights.mean(axis=1, keepdims=True)
    dilation = int(2 ** rng.uniform(0, math.log2(max((n_steps - 1) / max(length - 1, 1), 1))))
    return Kernel(channels, weights.astype(np.float32), rng.uniform(-1, 1), dilation, bool(rng.integers(2)))


def of_kernel(kernel: Kernel, x: Float) -> Float:
    """The share of steps at which a kernel's value is positive, and its maximum: float32 (n, 2).

    Args:
        kernel: The kernel.
        x: float32 (n, n_channels, n_steps).
    """
    n_length = kernel.weights.shape[1]
    reach = (n_length - 1) * kernel.dilation
    before = reach // 2 if kernel.is_padded else 0
    padded = np.pad(x[:, kernel.channels], ((0, 0), (0, 0), (before, before)))
    n_values = padded.shape[2] - reach
    sums = np.full((len(x), n_values), kernel.bias, np.float32)
    for place in range(n_length):
        start = place * kernel.dilation
        sums += np.einsum("c,nct->nt", kernel.weights[:, place], padded[:, :, start : start + n_values])
    return np.stack([(sums > 0).mean(axis=1), sums.max(axis=1)], axis=1).astype(np.float32)


def _texts(x: NDArray[Any], offsets: NDArray[np.int64]) -> list[str]:
    """Strings with a character for each symbol, and one more for those that training did not have."""
    symbols = np.where(x.any(axis=0), x.argmax(axis=0), len(x))
    text = "".join(chr(0x4E00 + symbol) for symbol in symbols.tolist())  # letters without upper and lower case
    return [text[first:last] for first, last in pairwise(offsets.tolist())]


def _iterations(n_values: int, y: Float, limit_s: float) -> int:
    """How many iterations of logistic regression there is time for, at least 1."""
    return max(min(MOST_ITERATIONS, int(limit_s / (ITERATION_S_A_VALUE * n_values * len(np.unique(y))))), 1)


def _linear(
    what: str, learned: Any, y: Float, asked: Any, task: Task, n_iterations: int, start: float
) -> SequenceBaseline:
    """Logistic regression on classes, ridge regression on values."""
    if task == "regression":
        return _ridge(f"ridge regression on {what}", learned, y, asked, task, start)
    model = LogisticRegression(max_iter=n_iterations).fit(learned, y)
    name = f"logistic regression on {what}"
    if model.n_iter_.max() >= n_iterations and n_iterations < MOST_ITERATIONS:
        name += f" ({n_iterations} iterations: time was short)"
    return _answer(name, model.predict(asked), start, model)


def _ridge(name: str, learned: Float, y: Float, asked: Float, task: Task, start: float) -> SequenceBaseline:
    ridge = RidgeCV(ALPHAS) if task == "regression" else RidgeClassifierCV(ALPHAS)
    model = make_pipeline(StandardScaler(), ridge).fit(learned, y)
    return _answer(name, model.predict(asked), start, ridge)


def _answer(name: str, predicted: NDArray[Any], start: float, linear: Any = None) -> SequenceBaseline:
    n_weights = None if linear is None else int(np.size(linear.coef_))
    n_parameters = None if linear is None else int(np.size(linear.coef_) + np.size(linear.intercept_))
    return SequenceBaseline(name, predicted.astype(np.float32), n_weights, n_parameters, time.monotonic() - start)


def _nearest(distances: Callable[[Float], Float], asked: Float) -> NDArray[np.int64]:
    """The nearest for each of those asked, int64 (n_asked,), some at a time."""
    n_at_once = max(PAIRS_AT_ONCE // max(distances(asked[:1]).shape[1], 1), 1)
    parts = [distances(asked[start : start + n_at_once]).argmin(axis=1) for start in range(0, len(asked), n_at_once)]
    return np.concatenate(parts)


def _squared_distances(first: Float, second: Float) -> Float:
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)
    return np.asarray(squares - 2 * first @ second.T)
