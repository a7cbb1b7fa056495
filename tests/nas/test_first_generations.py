"""A search begins with networks that it is given, beside drawn ones."""

from __future__ import annotations

from candidates import SPACE, sampled

from nas.evolution import IN_FLIGHT, Evolution


def test_the_given_networks_are_asked_for_first_in_turns_and_at_most_as_many_as_are_drawn() -> None:
    given = [sampled(seed) for seed in range(100, 108)]
    evolution, drawing = Evolution(SPACE, 6, 0, first=given), Evolution(SPACE, 6, 0)
    for generation in range(IN_FLIGHT):
        children, drawn = evolution.ask(evolution.parents(), 6), drawing.ask(drawing.parents(), 6)
        assert [child.genotype for child in children] == [
            *given[generation::IN_FLIGHT][:3], *(child.genotype for child in drawn[:3])
        ]  # fmt: skip
        assert all(child.parents == () for child in children)
        evolution.begin(child.key for child in children)
        drawing.begin(child.key for child in drawn)


def test_a_given_network_that_is_like_another_is_asked_for_once() -> None:
    children = Evolution(SPACE, 6, 0, first=[sampled(100)] * 8).ask((), 6)
    assert len({child.key for child in children}) == 6
    assert [child.genotype for child in children].count(sampled(100)) == 1
