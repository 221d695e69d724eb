"""Glossaries as people write them, and the lines that are named where they are wrong."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.glossary import Bounds, Entry, Format, InvalidGlossary, as_tsv, check, parse

BOUNDS = Bounds(entries=100, characters=11)
TWO = (Entry("缓存", "cache"), Entry("线程池", "thread pool"))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("缓存\tcache\n线程池\tthread pool\n", "tsv"),
        ("\ufeffsource\tTarget\r\n缓存\tcache\r\n\r\n线程池\tthread pool", "tsv"),
        (" 缓存 \t cache\n线程池\tthread pool", "tsv"),
        ("缓存,cache\n线程池,thread pool\n", "csv"),
        ('Source,Target\r\n"缓存","cache"\r\n,\r\n线程池,"thread pool"\r\n', "csv"),
        ('{"缓存": "cache", "线程池": "thread pool"}', "json"),
        ('[["缓存", "cache"], ["线程池", "thread pool"]]', "json"),
    ],
)
def test_all_forms_give_the_same_entries(text: str, written: Format) -> None:
    assert parse(text, written, BOUNDS) == TWO


def test_quotes_hold_commas_and_quotes_in_csv_and_are_letters_in_tsv() -> None:
    assert parse('值,"a ""b"", c"', "csv", BOUNDS) == (Entry("值", 'a "b", c'),)
    assert parse('值\t"a, b"', "tsv", BOUNDS) == (Entry("值", '"a, b"'),)


def test_source_and_target_are_a_header_in_the_first_row_only() -> None:
    assert parse("缓存\tcache\nsource\ttarget", "tsv", BOUNDS)[1] == Entry("source", "target")


@pytest.mark.parametrize(
    ("text", "written", "line"),
    [
        ("缓存\tcache\n线程池", "tsv", r"line 2: expected a term and its translation, found 1 col"),
        ("a\tb\tc", "tsv", r"line 1: .*found 3 columns"),
        ("source\ttarget\n\n缓存\t ", "tsv", "line 3: its term or translation is empty"),
        ("缓存\tcache\n\n缓存\tstore", "tsv", "line 3: its term stands at line 1 too"),
        ("a\t" + "x" * 12, "tsv", "line 1: 12 characters are more than the limit of 11"),
        ("a\tb\0c", "tsv", "line 1: it holds a character that is no text"),
        ("a\tb\ud800", "tsv", "line 1: it holds a character that is no text"),
        ("a,b\nc,d,e", "csv", r"line 2: .*found 3 columns"),
        ('a,b\nc,"d\ne"\nf,g', "csv", "line 2: it holds a character that is no text"),
        ('a,b\nc,"d', "csv", "line 2: expected CSV"),
        ('a,b\nc,"d"x', "csv", "line 2: expected CSV"),
        ("a," + "x" * 200_000, "csv", "line 1: expected CSV|line 1: 200000 characters"),
        ('{"a": "b",\n "a": "c"}', "json", "entry 2: its term stands at entry 1 too"),
        ('{"a": "b",\n "c": 7}', "json", "entry 2: expected a pair of texts"),
        ('[["a", "b"], "cd"]', "json", "entry 2: expected a pair of texts"),
        ('[["a", "b"], {"c": "d"}]', "json", "entry 2: expected a pair of texts"),
        ('[["a"]]', "json", "entry 1: expected a term"),
        ('{"a": "b",\n "c"', "json", "line 2: expected JSON"),
        ("7", "json", "expected .* or a list of pairs"),
        ("1" * 5000, "json", "expected pairs of texts"),
        ("[" * 200_000, "json", "expected pairs of texts"),
        ("", "tsv", "expected entries, found none"),
        ("source,target\n", "csv", "expected entries, found none"),
        ("{}", "json", "expected entries, found none"),
    ],
)
def test_the_first_wrong_line_is_named_and_no_term_quoted(
    text: str, written: Format, line: str
) -> None:
    with pytest.raises(InvalidGlossary, match=rf"^(?:{line})") as raised:
        parse(text, written, BOUNDS)
    assert "\n" not in str(raised.value) and "缓存" not in str(raised.value)


def test_more_entries_than_the_bound_are_refused_at_the_first_too_many() -> None:
    lines = "".join(f"{number}\tx\n" for number in range(102))
    with pytest.raises(InvalidGlossary, match=r"^line 101: there are more than 100 entries"):
        parse(lines, "tsv", BOUNDS)
    assert len(parse(lines, "tsv", Bounds(102, 11))) == 102


def test_entries_made_elsewhere_are_checked_alike() -> None:
    assert check([Entry(" 缓存 ", "cache"), TWO[1]], BOUNDS) == TWO
    with pytest.raises(InvalidGlossary, match=r"^entry 2: its term stands at entry 1 too"):
        check([TWO[0], TWO[0]], BOUNDS)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=10), st.text(min_size=1, max_size=10), max_size=20
    ),
    st.sampled_from(["tsv", "csv", "json"]),
)
def test_whatever_is_taken_can_be_written_and_read_again(
    pairs: dict[str, str], written: Format
) -> None:
    join = {"tsv": "\t", "csv": ","}
    lines = [f"{source}{join.get(written)}{target}" for source, target in pairs.items()]
    text = json.dumps(pairs) if written == "json" else "\n".join(lines)
    try:
        entries = parse(text, written, BOUNDS)
    except InvalidGlossary:
        return
    if entries[0] != Entry("source", "target"):
        assert parse(as_tsv(entries), "tsv", BOUNDS) == entries


@pytest.mark.parametrize("line", ["词{0}\tterm\n", '"词{0}","a ""b"""\n', '"{0}\n'])
def test_time_grows_with_the_length_and_no_faster(line: str) -> None:
    def seconds(count: int) -> float:
        text = "".join(line.format(number) for number in range(count))
        started = time.process_time()
        with suppress(InvalidGlossary):
            parse(text, "csv" if '"' in line else "tsv", Bounds(1_000_000, 100))
        return time.process_time() - started

    once = min(seconds(20_000) for _ in range(3))
    assert min(seconds(80_000) for _ in range(3)) < 10 * max(once, 0.005)
