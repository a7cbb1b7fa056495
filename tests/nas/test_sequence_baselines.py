from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas.baseline_seconds import wanted_seconds
from nas.data import SequenceDataset, prepare_sequences
from nas.sequence_baselines import (
    Kernel,
    SequenceBaseline,
    of_kernel,
    random_kernel,
    resampled,
    sequence_baselines,
    warped_distances,
)

KINDS = [
    "logistic regression on values",
    "nearest neighbour (Euclidean)",
    "nearest neighbour (time warping within 2 of 20 steps)",
    "1000 random convolution kernels",
]


def waves(folder: Path, n: int, is_regression: bool = False) -> SequenceDataset:
    """Two channels of 12 to 20 steps: a rising or a falling line with noise, and noise; or the slope as a target."""
    rng = np.random.default_rng(0)
    lengths, slopes = rng.integers(12, 21, n), rng.uniform(0.5, 2, n) * rng.choice([-1, 1], n)
    lines = slopes[:, None] * np.linspace(-1, 1, 20) + 0.3 * rng.standard_normal((n, 20))
    x = np.stack([lines, rng.standard_normal((n, 20))], axis=2)
    y = slopes if is_regression else (slopes > 0).astype(int)
    np.savez(folder / "waves.npz", x_train=x, lengths_train=lengths, y_train=y)
    return prepare_sequences(str(folder / "waves.npz"), seed=0)


def scores(dataset: SequenceDataset, found: list[SequenceBaseline]) -> dict[str, float]:
    y = dataset.read_test()[2]
    return {one.name: float(np.mean(one.predicted == y)) for one in found}


def test_all_of_them_tell_rising_lines_from_falling_ones(tmp_path: Path) -> None:
    dataset = waves(tmp_path, 200)
    found = list(sequence_baselines(dataset, 60.0, seed=0))
    assert [one.name for one in found] == KINDS
    assert min(scores(dataset, found).values()) > 0.9
    sizes = [(one.n_weights, one.n_parameters) for one in found]
    assert sizes == [(40, 41), (None, None), (None, None), (2000, 2001)]
    again = list(sequence_baselines(dataset, 60.0, seed=0))
    assert all(np.array_equal(one.predicted, other.predicted) for one, other in zip(found, again, strict=True))


def test_little_time_leaves_the_quick_ones(tmp_path: Path) -> None:
    dataset = waves(tmp_path, 200)
    names = [one.name for one in sequence_baselines(dataset, 0.0, seed=0)]
    assert names == ["logistic regression on values (1 iterations: time was short)", "nearest neighbour (Euclidean)"]
    some = [one.name for one in sequence_baselines(dataset, 0.1 * wanted_seconds(dataset), seed=0)]
    n_kernels = int(some[-1].split()[0])
    assert 50 <= n_kernels < 1000 and some[-1].endswith("random convolution kernels")
    assert any("time warping" in name for name in some)


def test_values_are_told_by_ridge_regression_and_by_the_nearest(tmp_path: Path) -> None:
    dataset = waves(tmp_path, 300, is_regression=True)
    y = dataset.read_test()[2]
    for one in sequence_baselines(dataset, 60.0, seed=0):
        assert one.predicted.dtype == np.float32
        assert 1 - np.mean((one.predicted - y) ** 2) / np.var(y) > 0.5, one.name
    assert next(sequence_baselines(dataset, 60.0, seed=0)).name == "ridge regression on values"


def test_strings_are_bags_of_their_n_grams(tmp_path: Path) -> None:
    rng, lines = np.random.default_rng(0), ["string,label"]
    for k in range(300):
        string = "".join(rng.choice(list("ABab"), rng.integers(8, 15)))  # upper and lower case differ
        place = int(rng.integers(len(string)))
        lines.append(f"{(string[:place] + 'aBA' + string[place:]) if k % 2 else string.replace('aBA', 'aab')},{k % 2}")
    (tmp_path / "motif.csv").write_text("\n".join(lines) + "\n")
    dataset = prepare_sequences(str(tmp_path / "motif.csv"), seed=0)
    (found,) = sequence_baselines(dataset, 60.0, seed=0)
    assert found.name == "logistic regression on n-grams"
    assert scores(dataset, [found])[found.name] > 0.95
    assert found.n_weights is not None and 20 < found.n_weights <= 4 + 16 + 64


def test_symbols_that_training_did_not_have_do_no_harm(tmp_path: Path) -> None:
    strings = ["ab", "ba", "abab", "bb"] * 30
    rows = [f"{string},{int(string[0] == 'a')}" for string in strings]
    (tmp_path / "s.csv").write_text("\n".join(["string,label", *rows, "zz,1", "zy,0"]) + "\n")
    dataset = prepare_sequences(str(tmp_path / "s.csv"), seed=2)
    (found,) = sequence_baselines(dataset, 60.0, seed=0)
    assert len(found.predicted) == len(dataset.read_test()[2])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 12), st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_sequences_are_resampled_by_linear_interpolation(lengths: list[int], n_steps: int, seed: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    x = np.random.default_rng(seed).standard_normal((2, offsets[-1])).astype(np.float32)
    found = resampled(x, offsets, n_steps)
    assert (found.shape, found.dtype) == ((len(lengths), 2, n_steps), np.float32)
    for row, (first, length) in enumerate(zip(offsets, lengths, strict=False)):
        places = np.linspace(0, length - 1, n_steps)
        for channel in range(2):
            expected = np.interp(places, np.arange(length), x[channel, first : first + length])
            np.testing.assert_allclose(found[row, channel], expected, atol=1e-5)


def warped(first: np.ndarray, second: np.ndarray, band: int) -> float:
    """The definition, cell by cell, of two sequences (n_channels, n_steps)."""
    n = first.shape[1]
    total = np.full((n + 1, n + 1), np.inf)
    total[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(max(i - band, 1), min(i + band, n) + 1):
            cost = ((first[:, i - 1] - second[:, j - 1]) ** 2).sum()
            total[i, j] = cost + min(total[i - 1, j], total[i - 1, j - 1], total[i, j - 1])
    return float(total[n, n])


@given(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_warped_distances_are_those_of_the_definition(n_channels: int, n_steps: int, band: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (rng.standard_normal((n, n_channels, n_steps)).astype(np.float32) for n in (3, 4))
    expected = [[warped(one, other, band) for other in second] for one in first]
    np.testing.assert_allclose(warped_distances(first, second, band), expected, rtol=1e-4)


def test_time_warping_sees_what_is_only_shifted() -> None:
    pulse = np.zeros((2, 1, 20), np.float32)
    pulse[0, 0, 5], pulse[1, 0, 7] = 1, 1
    flat = np.zeros((1, 1, 20), np.float32)
    near = warped_distances(pulse[:1], np.concatenate([pulse[1:], flat]), 2)
    assert near[0, 0] < 1e-6 < near[0, 1]


@given(st.integers(1, 4), st.integers(1, 40), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_features_of_a_kernel_are_those_of_its_convolution(n_channels: int, n_steps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kernel = random_kernel(n_channels, n_steps, rng)
    length = kernel.weights.shape[1]
    reach = (length - 1) * kernel.dilation
    assert length in (7, 9, 11, n_steps) and kernel.dilation >= 1
    assert len(set(kernel.channels)) == len(kernel.channels) <= n_channels
    np.testing.assert_allclose(kernel.weights.mean(axis=1), 0, atol=1e-6)
    x = rng.standard_normal((3, n_channels, n_steps)).astype(np.float32)
    spread = np.zeros((len(kernel.channels), reach + 1))
    spread[:, :: kernel.dilation] = kernel.weights
    for row, found in zip(x, of_kernel(kernel, x), strict=True):
        filled = np.pad(row[kernel.channels], ((0, 0), (reach // 2,) * 2)) if kernel.is_padded else row[kernel.channels]
        values = kernel.bias + sum(np.correlate(f, s, "valid") for f, s in zip(filled, spread, strict=True))
        np.testing.assert_allclose(found, [(values > 0).mean(), values.max()], rtol=1e-3, atol=1e-4)


def test_a_kernel_finds_its_own_pattern_wherever_it_is() -> None:
    kernel = Kernel(np.array([0]), np.array([[-1.0, 2.0, -1.0]], np.float32), 0.0, 1, is_padded=False)
    x = np.zeros((2, 1, 9), np.float32)
    x[0, 0, 6] = 1
    assert of_kernel(kernel, x).tolist() == [[pytest.approx(1 / 7), 2.0], [0.0, 0.0]]
