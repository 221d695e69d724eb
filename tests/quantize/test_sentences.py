"""Sentences to calibrate and to judge on."""

from __future__ import annotations

from quantize.sentences import load_test_sets, masked, pooled_sources, spread


def test_both_test_sets_are_whole() -> None:
    sets = load_test_sets()
    assert [len(test.sources) for test in sets] == [997, 1997]
    assert [len(test.references) for test in sets] == [997, 1997]


def test_a_masked_span_stands_once_in_each_sentence() -> None:
    lines = masked(load_test_sets()[0].sources, "⟦0⟧")
    assert len(lines) == 200
    assert all(line.count("⟦0⟧") == 1 for line in lines)


def test_lines_are_spread_in_even_steps() -> None:
    lines = tuple(map(str, range(10)))
    assert spread(lines, 3) == ("0", "3", "6")
    assert spread(lines, 7) == tuple("0123456")
    assert spread(lines, 20) == spread(lines, None) == lines


def test_pooled_sources_are_of_all_sets() -> None:
    sets = load_test_sets(10)
    assert pooled_sources(sets, 4) == tuple(
        sets[place // 10].sources[place % 10] for place in (0, 5, 10, 15)
    )
