"""Generated sets of long sequences in six classes, and of strings with a motif, written as `nas search` takes them.

- "outlines": distance from the centre along the outline of a leaf, from 0 to 360 degrees: the number of lobes (3, 5, 7)
  and whether they are round or sharp make the class; lobes differ in height, the leaf may be long or oblique, its
  outline begins and runs a little differently each time.
- "waves": sine or sawtooth of three frequencies in strong noise, shifted and warped.
- "bursts": one of six short patterns in the middle of a slow wandering.
- "motif": strings of 10 to 40 of six letters, of which half contain "fade".

All but the last have one channel and 427 steps, and are standardised each.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Values = NDArray[np.float64]

N_STEPS, N_CLASSES = 427, 6
N_TRAIN, N_TEST = 200, 600
N_STRINGS, MOTIF, LETTERS = 3000, "fade", "abcdef"
N_KNOTS = 9  # of a warp


def warp(strength: float, rng: Rng) -> Values:
    """Times from 0 to 1 that run faster and slower, (N_STEPS,)."""
    knots = np.cumsum(np.exp(strength * rng.standard_normal(N_KNOTS)))
    knots = np.concatenate([[0.0], knots]) / knots[-1]
    return np.interp(np.linspace(0, 1, N_STEPS), np.linspace(0, 1, N_KNOTS + 1), knots)


def outline(label: int, rng: Rng) -> Values:
    """A leaf's outline, (N_STEPS,)."""
    n_lobes, sharpness = (3, 5, 7)[label // 2], (1.0, 3.0)[label % 2]
    angle = 2 * np.pi * ((warp(0.15, rng) + 0.02 * rng.standard_normal()) % 1)
    lobes = np.abs(np.cos(n_lobes * angle / 2 + 0.15 * rng.standard_normal())) ** sharpness
    radius = 1 + 0.35 * np.exp(0.4 * rng.standard_normal()) * lobes
    radius += 0.5 * rng.random() * np.cos(angle + 0.5 * rng.standard_normal())
    radius += 0.4 * rng.random() * np.cos(2 * angle + 0.5 * rng.standard_normal())
    return radius + 0.05 * rng.random() * np.sin(40 * angle) + 0.05 * rng.standard_normal(N_STEPS)


def wave(label: int, rng: Rng) -> Values:
    """A wave in noise, (N_STEPS,)."""
    phase = 2 * np.pi * ((4.0, 6.0, 9.0)[label // 2] * warp(0.22, rng) + 0.2 * rng.standard_normal())
    form = np.sin(phase) if label % 2 == 0 else (phase / np.pi) % 2 - 1
    drift = 0.5 * rng.standard_normal() * np.linspace(-1, 1, N_STEPS)
    return np.exp(0.3 * rng.standard_normal()) * form + drift + 0.7 * rng.standard_normal(N_STEPS)


def burst(label: int, rng: Rng) -> Values:
    """A pattern of 60 steps in a slow wandering, (N_STEPS,)."""
    t = np.linspace(-1, 1, 60)
    forms = (np.sin(6 * t), np.sin(14 * t), np.cos(6 * t), np.cos(14 * t), np.sign(np.sin(9 * t)), np.ones(60))
    walk = 0.05 * np.cumsum(rng.standard_normal(N_STEPS))
    walk -= np.linspace(0, walk[-1], N_STEPS)
    centre = int(np.clip(rng.normal(N_STEPS / 2, 30), 30, N_STEPS - 31))
    walk[centre - 30 : centre + 30] += 2.5 * np.exp(0.2 * rng.standard_normal()) * np.exp(-4 * t**2) * forms[label]
    return walk + 0.25 * rng.standard_normal(N_STEPS)


LONG: dict[str, Callable[[int, Rng], Values]] = {"outlines": outline, "waves": wave, "bursts": burst}


def long_set(name: str, n: int, rng: Rng) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Sequences (n, N_STEPS, 1), and their classes (n,), each as often as the others or once more."""
    y = rng.permutation(np.arange(n) % N_CLASSES)
    x = np.stack([LONG[name](label, rng) for label in y.tolist()])
    x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    return x[:, :, None].astype(np.float32), y


def write_long_set(name: str, to: Path) -> str:
    """200 sequences to learn from and 600 for the test, as an NPZ file; the path."""
    arrays = {}
    for number, (part, n) in enumerate((("train", N_TRAIN), ("test", N_TEST))):
        x, y = long_set(name, n, np.random.default_rng([list(LONG).index(name), number]))
        arrays |= {f"x_{part}": x, f"lengths_{part}": np.full(n, N_STEPS), f"y_{part}": y}
    path = to / f"{name}.npz"
    np.savez(path, **arrays)
    return str(path)


def motif_strings(n: int, rng: Rng) -> list[tuple[str, str]]:
    """Strings, and whether each contains the motif: "with" or "without", in turns."""
    strings = []
    for number in range(n):
        string = MOTIF
        while MOTIF in string:
            string = "".join(rng.choice(list(LETTERS), rng.integers(10, 41)))
        if number % 2:
            place = int(rng.integers(len(string) - len(MOTIF) + 1))
            string = string[:place] + MOTIF + string[place + len(MOTIF) :]
        strings.append((string, "with" if number % 2 else "without"))
    return strings


def write_motif_strings(to: Path) -> str:
    """3,000 strings as a CSV file, of which `nas search` takes a fifth for the test; the path."""
    rows = [",".join(row) for row in motif_strings(N_STRINGS, np.random.default_rng(5))]
    path = to / "motif.csv"
    path.write_text("\n".join(["string,label", *rows]) + "\n", encoding="utf-8")
    return str(path)
