from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from nas.data.reber import (
    FAMILIES,
    GrammarStrings,
    embedded_reber_strings,
    length_rule,
    ngram_rule,
    reber_strings,
    trivial_baselines,
)

# The Reber grammar as a table of its states, written down apart from the generator.
GRAMMAR = {
    0: {"B": 1},
    1: {"T": 2, "P": 3},
    2: {"S": 2, "X": 4},
    3: {"T": 3, "V": 5},
    4: {"X": 3, "S": 6},
    5: {"P": 4, "V": 6},
    6: {"E": 7},
    7: {},
}
STRINGS_OF_LENGTH = dict(zip(range(11, 21), (24, 36, 53, 78, 115, 169, 248, 364, 534, 783), strict=True))


def is_reber(string: str) -> bool:
    state = 0
    for letter in string:
        if letter not in GRAMMAR[state]:
            return False
        state = GRAMMAR[state][letter]
    return state == 7


def in_true_letters(string: str, letters: str) -> str:
    """A string of a family with its edges' true letters: what the same walk would have written."""
    ends = (2, 3, 2, 4, 3, 5, 3, 6, 4, 6)
    state, written = 1, "B"
    for letter in string[1:-1]:
        edge = 2 * (state - 1) + letters[2 * (state - 1) : 2 * state].index(letter)
        written += FAMILIES[0][2][edge]
        state = ends[edge]
    return written + "E"


@pytest.fixture(scope="module")
def reber() -> GrammarStrings:
    return reber_strings(seed=0)


@pytest.fixture(scope="module")
def embedded() -> GrammarStrings:
    return embedded_reber_strings(4_000, seed=0)


def family(drawn: GrammarStrings, number: int) -> list[str]:
    return [drawn.strings[i] for i in np.flatnonzero(drawn.families == number)]


def test_valid_strings_are_those_of_the_grammar_and_no_other_is(reber: GrammarStrings) -> None:
    np.testing.assert_array_equal([is_reber(string) for string in reber.strings], reber.labels == 1)


def test_all_valid_strings_of_eleven_to_twenty_letters_occur(reber: GrammarStrings) -> None:
    counts = np.bincount([len(string) for string in family(reber, 0)])
    assert counts[:11].sum() == 0
    walks = [[0] * 8 for _ in range(21)]  # strings of so many letters that end in each state
    walks[0][0] = 1
    for length, longer in pairwise(range(21)):
        for state, edges in GRAMMAR.items():
            for end in edges.values():
                walks[longer][end] += walks[length][state]
    for length, n_strings in STRINGS_OF_LENGTH.items():
        assert counts[length] == walks[length][7] == n_strings


def test_longer_strings_are_as_frequent_as_in_the_published_set(reber: GrammarStrings) -> None:
    lengths = np.array([len(string) for string in family(reber, 0)])
    np.testing.assert_allclose(np.bincount(lengths)[21:26], [1124, 1431, 1538, 1426, 1159], rtol=0.06)
    assert lengths.mean() == pytest.approx(23.6, abs=0.1) and lengths.std() == pytest.approx(4.2, abs=0.1)
    invalid = np.array([len(s) for s, label in zip(reber.strings, reber.labels, strict=True) if not label])
    assert invalid.min() == 11
    assert invalid.mean() == pytest.approx(18.7, abs=0.1) and invalid.std() == pytest.approx(4.0, abs=0.1)


def test_families_have_their_numbers_and_hardly_share_a_string(reber: GrammarStrings) -> None:
    assert np.bincount(reber.families).tolist() == [12_500, 1500, 1500, 500, 2000, 2000, 2000, 1500, 1500]
    assert reber.family_names[:2] == ("valid", "swapped branch") and len(set(reber.family_names)) == 9
    drawn = [set(family(reber, number)) for number in range(9)]
    assert [len(strings) for strings in drawn] == np.bincount(reber.families).tolist()  # none comes twice
    shared = {(a, b): drawn[a] & drawn[b] for b in range(9) for a in range(b) if drawn[a] & drawn[b]}
    assert set(shared) == {(6, 7)} and len(shared[6, 7]) <= 10
    assert all(set(string) <= set("BMOQRE") for string in shared[6, 7])  # these edges are written alike in both


def test_invalid_strings_are_walks_on_the_same_automaton(reber: GrammarStrings) -> None:
    for number, (_, _, letters) in enumerate(FAMILIES):
        assert all(is_reber(in_true_letters(string, letters)) for string in family(reber, number))
    other_branch = {"T": "P", "P": "T"}
    assert all(is_reber("B" + other_branch[string[1]] + string[2:]) for string in family(reber, 1))
    assert sum(set(string) <= set("BTPSXVE") for string in reber.strings) == 12_500 + 5_500


def test_three_quarters_are_for_training_whatever_the_family(reber: GrammarStrings) -> None:
    assert reber.n_train == 18_750
    share = np.bincount(reber.families[: reber.n_train]) / np.bincount(reber.families)
    np.testing.assert_allclose(share, 0.75, atol=0.06)
    assert abs(np.corrcoef(reber.families, np.arange(25_000))[0, 1]) < 0.03


def test_trivial_rules_score_what_is_known(reber: GrammarStrings) -> None:
    n, y = reber.n_train, reber.labels[reber.n_train :]
    rules = dict(trivial_baselines(reber.strings[:n], reber.labels[:n], reber.strings[n:]))
    accuracy = {name: float((predicted == y).mean()) for name, predicted in rules.items()}
    assert all(predicted.dtype == np.int32 and predicted.shape == y.shape for predicted in rules.values())
    assert accuracy["trigram rule"] == 1
    assert accuracy["bigram rule"] == pytest.approx(0.937, abs=0.01)
    assert accuracy["length rule"] == pytest.approx(0.777, abs=0.015)
    is_swapped = reber.families[n:] == 1
    assert rules["bigram rule"][is_swapped].all()  # only the first three letters give this family away
    assert set(rules["length rule"][[len(string) == 21 for string in reber.strings[n:]]].tolist()) == {1}
    assert set(rules["length rule"][[len(string) == 20 for string in reber.strings[n:]]].tolist()) == {0}


@pytest.mark.parametrize("draw", [reber_strings, embedded_reber_strings])
def test_the_same_seed_gives_the_same_strings_and_another_seed_others(draw: type[GrammarStrings]) -> None:
    first, again, other = (draw(200, seed=seed) for seed in (3, 3, 4))  # type: ignore[call-arg]
    assert first.strings == again.strings and first.families.tolist() == again.families.tolist()
    assert first.strings != other.strings


@pytest.mark.parametrize("n_strings", [1, 50, 333, 1000])
def test_the_number_of_strings_scales_the_families(n_strings: int) -> None:
    drawn = reber_strings(n_strings, seed=0)
    assert len(drawn.strings) == len(drawn.families) == n_strings
    shares = np.bincount(drawn.families, minlength=9) / n_strings
    np.testing.assert_allclose(shares, [count / 25_000 for _, count, _ in FAMILIES], atol=1 / n_strings)


def test_the_branch_decides_the_letter_before_the_last_of_an_embedded_string(embedded: GrammarStrings) -> None:
    assert embedded.family_names == ("valid", "mismatch")
    assert np.bincount(embedded.families).tolist() == [2000, 2000] and embedded.n_train == 3000
    for string, label in zip(embedded.strings, embedded.labels, strict=True):
        assert string[0] == "B" and string[-1] == "E" and is_reber(string[2:-2])
        assert {string[1], string[-2]} <= set("TP")
        assert (string[1] == string[-2]) == bool(label)
    for number in (0, 1):
        strings = family(embedded, number)
        assert len(set(strings)) == len(strings)
        assert np.mean([string[1] == "T" for string in strings]) == pytest.approx(0.5, abs=0.05)


def test_trivial_rules_are_no_better_than_chance_on_embedded_strings(embedded: GrammarStrings) -> None:
    n, y = embedded.n_train, embedded.labels[embedded.n_train :]
    for _, predicted in trivial_baselines(embedded.strings[:n], embedded.labels[:n], embedded.strings[n:]):
        assert (predicted == y).mean() == pytest.approx(0.5, abs=0.06)


def test_rules_by_hand() -> None:
    strings, labels = ["abc", "abab", "ca", "b"], np.array([1, 1, 0, 0], dtype=np.int32)
    assert ngram_rule(strings, labels, ["ababc", "ac", "ca", "a"], 2).tolist() == [1, 0, 0, 1]
    assert ngram_rule(strings, labels, ["ababc", "abca", "bca"], 3).tolist() == [1, 0, 0]
    assert length_rule(strings, labels, ["xx", "xxx", ""]).tolist() == [0, 1, 0]
    assert length_rule(["a", "aa"], np.array([0, 0], dtype=np.int32), ["a", "aa"]).tolist() == [0, 0]
    assert length_rule(["a", "aa"], np.array([1, 1], dtype=np.int32), ["a", "aa"]).tolist() == [1, 1]
