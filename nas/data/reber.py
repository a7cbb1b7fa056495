"""Strings of the Reber grammar and of the embedded Reber grammar, with invalid ones beside them.

The Reber set is the one of Stier, Darji & Granitzer (arXiv 2107.12917): every valid string has more than ten letters,
and the invalid ones are walks on the same automaton with other letters on its edges. The embedded grammar is that of
Hochreiter & Schmidhuber, "Long Short-Term Memory" (1997), task 1: what the first branch was decides the letter before
the last, however long the string between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_STRINGS = 25_000
TRAIN_SHARE = 0.75
SHORTEST = 11  # letters of a string of the Reber set
WALKS_AT_ONCE = 65_536
REBER_STREAM, EMBEDDED_STREAM = 21, 22  # keep these draws apart from others of the same run seed

# Each of the states 1 to 5 has two edges, taken with probability 1/2 each. In order: 1->2, 1->3, 2->2, 2->4, 3->3,
# 3->5, 4->3, 4->6, 5->4, 5->6. Before state 1 comes the letter B, and after state 6 the letter E.
EDGE_ENDS = np.array([2, 3, 2, 4, 3, 5, 3, 6, 4, 6], dtype=np.uint8)
LAST_STATE = 6

# Name, number of strings among 25,000, and the letters on the edges above.
FAMILIES = (
    ("valid", 12_500, "TPSXTVXSPV"),
    ("swapped branch", 1_500, "PTSXTVXSPV"),
    ("swapped states 4 and 5", 1_500, "TPSXTVPVXS"),
    ("swapped loop and exit", 500, "TPXSVTXSPV"),
    ("swapped states 2 and 3", 2_000, "TPTVSXXSPV"),
    ("new letters 1", 2_000, "ACDFJIHGLK"),
    ("new letters 2", 2_000, "MNOQWVURZY"),
    ("mixed letters 1", 1_500, "MNOQCAURFD"),
    ("mixed letters 2", 1_500, "QOMNCAURFD"),
)
REBER_LETTERS = FAMILIES[0][2]

# Name, and what stands around a Reber string when the first branch is T and when it is P.
EMBEDDED_FAMILIES = (
    ("valid", (("BT", "TE"), ("BP", "PE"))),
    ("mismatch", (("BT", "PE"), ("BP", "TE"))),
)


@dataclass(frozen=True, eq=False)
class GrammarStrings:
    """Strings in random order, the training strings first.

    Attributes:
        strings: The strings, not all of one length.
        families: int64 of shape (n,): the number of each string's family; family 0 is valid.
        family_names: A name for each family.
        n_train: Number of training strings; the others are for the test.
    """

    strings: tuple[str, ...]
    families: NDArray[np.int64]
    family_names: tuple[str, ...]
    n_train: int

    @property
    def labels(self) -> NDArray[np.int32]:
        """1 for a valid string and 0 for another, of shape (n,)."""
        return np.where(self.families == 0, 1, 0).astype(np.int32)


def reber_strings(n_strings: int = N_STRINGS, *, seed: int) -> GrammarStrings:
    """Half valid strings of more than ten letters, half invalid ones of eight families; 75 % are for training.

    Within a family no string comes twice; between two families that share letters a few do. The same arguments give
    the same strings. It takes two million walks to find 12,500 valid strings, which is half a second.

    Args:
        n_strings: How many in all; each family has its share of them.
        seed: Seed of the run, at least 0.
    """
    rng = np.random.default_rng([seed, REBER_STREAM])
    ends = np.rint(np.cumsum([count for _, count, _ in FAMILIES]) * n_strings / N_STRINGS)  # rounded, but all of them
    counts = np.diff(ends, prepend=0).astype(int).tolist()
    families = {
        name: _unique(_walks(letters, SHORTEST, rng), count)
        for (name, _, letters), count in zip(FAMILIES, counts, strict=True)
    }
    return _shuffled(families, rng)


def embedded_reber_strings(n_strings: int = N_STRINGS, *, seed: int) -> GrammarStrings:
    """Half valid strings of the embedded grammar, half whose letter before the last is not that of the first branch.

    The Reber strings within are of any length from 5 letters. Within a family no string comes twice, and 75 % of all
    are for training. The same arguments give the same strings.

    Args:
        n_strings: How many in all.
        seed: Seed of the run, at least 0.
    """
    rng = np.random.default_rng([seed, EMBEDDED_STREAM])
    counts = (n_strings - n_strings // 2, n_strings // 2)
    families = {
        name: _unique(_embedded(around, rng), count)
        for (name, around), count in zip(EMBEDDED_FAMILIES, counts, strict=True)
    }
    return _shuffled(families, rng)


def trivial_baselines(
    strings: Sequence[str], labels: NDArray[np.int32], new: Sequence[str]
) -> tuple[tuple[str, NDArray[np.int32]], ...]:
    """Names and predictions (n_new,) of three rules that need no memory: bigrams, trigrams, and the length.

    Args:
        strings: Training strings.
        labels: Their labels, 1 for valid, of shape (n,).
        new: Strings to tell apart.
    """
    return (
        ("bigram rule", ngram_rule(strings, labels, new, 2)),
        ("trigram rule", ngram_rule(strings, labels, new, 3)),
        ("length rule", length_rule(strings, labels, new)),
    )


def ngram_rule(strings: Sequence[str], labels: NDArray[np.int32], new: Sequence[str], n: int) -> NDArray[np.int32]:
    """1 for each new string all of whose n-grams are in valid training strings, else 0, of shape (n_new,)."""
    seen: set[str] = set()
    for string, label in zip(strings, labels, strict=True):
        if label:
            seen.update(_ngrams(string, n))
    return np.array([seen.issuperset(_ngrams(string, n)) for string in new], dtype=np.int32)


def length_rule(strings: Sequence[str], labels: NDArray[np.int32], new: Sequence[str]) -> NDArray[np.int32]:
    """1 for each new string at least as long as the threshold that is best for the training strings, else 0."""
    lengths = np.array([len(string) for string in strings])
    thresholds = np.arange(lengths.min(), lengths.max() + 2)  # from "all are valid" to "none is"
    n_right = [np.count_nonzero((lengths >= threshold) == labels) for threshold in thresholds]
    threshold = thresholds[np.argmax(n_right)]
    return np.array([len(string) >= threshold for string in new], dtype=np.int32)


def _ngrams(string: str, n: int) -> list[str]:
    return [string[start : start + n] for start in range(len(string) - n + 1)]


def _walks(letters: str, shortest: int, rng: np.random.Generator) -> Iterator[list[str]]:
    """Random walks through the automaton, many at a time and without end; those of too few letters are left out."""
    letter_of = np.frombuffer(letters.encode(), dtype=np.uint8)
    while True:
        text = np.zeros((64, WALKS_AT_ONCE), dtype=np.uint8)  # (n_letters, n_walks), 0 behind the last letter
        text[0] = ord("B")
        walking, states = np.arange(WALKS_AT_ONCE), np.ones(WALKS_AT_ONCE, dtype=np.uint8)
        position = 1
        while len(walking):
            if position + 1 == len(text):
                text = np.concatenate([text, np.zeros_like(text)])
            edges = 2 * (states - 1) + rng.integers(2, size=len(walking), dtype=np.uint8)
            text[position, walking] = letter_of[edges]
            states = EDGE_ENDS[edges]
            has_ended = states == LAST_STATE
            position += 1
            text[position, walking[has_ended]] = ord("E")
            walking, states = walking[~has_ended], states[~has_ended]
        long_enough = np.ascontiguousarray(text[:, text[shortest - 1] != 0].T)  # (n_strings, n_letters)
        yield [string.decode() for string in long_enough.view(f"S{len(text)}")[:, 0].tolist()]


def _embedded(around: Sequence[tuple[str, str]], rng: np.random.Generator) -> Iterator[list[str]]:
    """Random walks of any length, each between two letters of a random branch, many at a time and without end."""
    for strings in _walks(REBER_LETTERS, 1, rng):
        branches = [around[branch] for branch in rng.integers(2, size=len(strings)).tolist()]
        yield [start + string + end for (start, end), string in zip(branches, strings, strict=True)]


def _unique(draws: Iterator[list[str]], count: int) -> list[str]:
    """The first ``count`` strings that differ from all before them, in their order."""
    found: dict[str, None] = {}
    while len(found) < count:
        found.update(dict.fromkeys(next(draws)))
    return list(found)[:count]


def _shuffled(families: dict[str, list[str]], rng: np.random.Generator) -> GrammarStrings:
    strings = [string for family in families.values() for string in family]
    numbers = np.repeat(np.arange(len(families)), [len(family) for family in families.values()])
    order = rng.permutation(len(strings))
    n_train = round(TRAIN_SHARE * len(strings))
    return GrammarStrings(tuple(strings[i] for i in order.tolist()), numbers[order], tuple(families), n_train)
