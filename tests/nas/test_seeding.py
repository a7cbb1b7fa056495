from __future__ import annotations

import itertools

import numpy as np
import pytest

from nas.seeding import Stream, generator, seed_words, words_of_key


def test_a_key_gives_its_first_two_words() -> None:
    assert words_of_key("000000000000000a" + "ffffffffffffffff" + "1234") == [10, 2**64 - 1]


def test_the_numbers_of_a_purpose_never_change() -> None:
    numbers = generator(7, Stream.EVOLUTION, 3).integers(1000, size=5)
    assert numbers.tolist() == [558, 116, 570, 500, 330]


def test_a_seed_of_zero_is_a_seed_like_others() -> None:
    assert generator(0, Stream.GATE, 0).integers(2**32) == generator(0, Stream.GATE, 0).integers(2**32)
    assert generator(0, Stream.GATE, 0).integers(2**32) != generator(1, Stream.GATE, 0).integers(2**32)


def test_each_purpose_and_generation_draws_from_its_own_stream() -> None:
    places = itertools.product((0, 1, 2**40), Stream, range(20))
    draws = [int(generator(seed, stream, number).integers(2**63)) for seed, stream, number in places]
    assert len(set(draws)) == len(draws)


@pytest.mark.parametrize("stream", Stream)
def test_seed_words_are_what_a_generator_is_made_of(stream: Stream) -> None:
    words = seed_words(5, stream, 1, 2)
    assert all(type(word) is int for word in words)  # they are sent to workers and written as JSON
    assert np.random.default_rng(words).random() == generator(5, stream, 1, 2).random()
