"""Where the terms of a glossary stand."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from pipeline.glossary import Entry
from pipeline.text.found import TERM
from pipeline.text.protect import find
from pipeline.text.terms import Terms

GLOSSARY = Terms(
    Entry(source, target)
    for source, target in (
        ("人工智能", "artificial intelligence"),
        ("智能", "smart"),
        ("苹果", "Apple Inc."),
        ("AI", "A.I."),
        ("5G网络", "the 5G network"),
        ("臺灣", "Taiwan"),
        ("30℃", "86 °F"),
    )
)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("人工智能和智能手机", ["人工智能", "智能"]),  # the longest first
        ("苹果苹果", ["苹果", "苹果"]),
        ("台湾和臺灣", ["台湾", "臺灣"]),
        ("用AI，AIDS和MAI不是", ["AI"]),
        ("建5G网络", ["5G网络"]),
        ("气温30℃", ["30℃"]),  # which would be protected by itself
        ("请看 https://a.com/苹果 。", []),
        ("没有", []),
        ("", []),
    ],
)
def test_terms_are_found_whole_and_outside_of_what_is_protected(
    text: str, terms: list[str]
) -> None:
    found = GLOSSARY.spans(text, find(text))
    assert [text[span.start : span.end] for span in found if span.kind == TERM] == terms
    assert all(a.end <= b.start for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("100元", ["100"]),
        ("共100。", ["100"]),
        ("100-200", ["100"]),
        *(
            (text, [])
            for text in ("100.5元", "1,100元", "100,000元", "8：100", "1/100", "100%", "100 万")
        ),
        ("１００．５元", []),
        ("用Caf吧", ["Caf"]),
        ("用Café吧", []),
        ("用caf吧", []),
        ("用ßCaf吧", []),
    ],
)
def test_no_term_is_part_of_a_number_or_of_a_word(text: str, terms: list[str]) -> None:
    glossary = Terms([Entry("100", "one hundred"), Entry("１００", "wide"), Entry("Caf", "C.")])
    found = glossary.spans(text, [])
    assert [text[span.start : span.end] for span in found] == terms


@pytest.mark.parametrize("text", ["我去北京", "北京"])
def test_a_text_may_end_in_the_beginning_of_a_longer_term(text: str) -> None:
    glossary = Terms([Entry("北京", "Beijing City"), Entry("北京大学", "PKU")])
    assert [span.said for span in glossary.spans(text, [])] == ["Beijing City"]
    assert [span.said for span in glossary.spans(text + "大学", [])] == ["PKU"]


def test_of_terms_that_differ_in_spelling_alone_that_of_the_text_counts() -> None:
    entries = Entry("软件", "software"), Entry("軟件", "SW"), Entry("软體", "other")
    glossary = Terms(entries)
    for terms in (glossary, Terms(glossary.present("軟件和软件"))):
        assert [span.said for span in terms.spans("軟件和软件", [])] == ["SW", "software"]
    assert glossary.present("軟件") == (entries[1],)
    assert [span.said for span in Terms(entries[1:]).spans("软件", [])] == ["SW"]


def test_only_what_a_text_may_need_goes_with_it() -> None:
    assert [entry.source for entry in GLOSSARY.present("苹果的人工智能")] == ["人工智能", "苹果"]


def test_ten_thousand_terms_cost_little() -> None:
    glossary = Terms(Entry("的" * (n % 100 + 1) + str(n), "x") for n in range(10_000))
    began = time.process_time()
    assert glossary.present("的" * 20_000) == ()
    assert time.process_time() - began < 2
