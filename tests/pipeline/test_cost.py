"""No text within the limits costs more than a small multiple of plain text of its length."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from pipeline.answer.review import Postprocessor
from pipeline.decode.options import Hypothesis
from pipeline.text.prepare import Preprocessor
from pipeline.walk import Walk

PLAIN = "中国的科技创新能力正在快速提升，我们今天去北京。"
LENGTH = 8000  # characters; twice as many in the comparison
MULTIPLE = 15  # of what plain text costs
ALPHABETS = {
    "digits": "0123456789",
    "figures": "0123456789,.万亿%￥",
    "numerals": "零一二三十百千万亿点",
    "marks": "，。！？、；：…—·",
    "brackets": "（）()[]{}<>《》“”\"'",
    "markup": "*_~`|#>-",
    "code": "{}[]():;=\"'/\\$%<>abc",
    "blanks": " \t\u3000\n\u200b",
    "lines": "\n\r\u2028中",
    "letters": "abcXYZ",
    "addresses": "ab.@/:-_~?=&#%",
    "foreign": "한글řÉлнひら",
    "signs": "±≤①½⁶√℃★😀",
    "mixed": "中1a（，%￥万.- \n",
}
BEGINNINGS = {
    "amount": "￥1",
    "tag": "<a ",
    "placeholder": "{{",
    "fence": "```",
    "address": "http://",
    "quotation": "“好。",
    "range": "1-",
    "date": "2024年",
    "fraction": "三分之",
    "blank line": "\n \n",
    "table": "| 一 ",
}

RUNS = (
    ("￥", "1", "万"),
    ("+", "1", "k"),
    ("a", "_", "b"),
    ("<a", "  ", ">"),
    ("{", "a", ""),
    ("`", "a", ""),
    ("http://", "a.", "）"),
    ("1", ",000", "万"),
    ("零", "一", ""),
    ("百分之", "一", ""),
)


def random_text(alphabet: str, length: int) -> str:
    chance = random.Random(alphabet)
    return "".join(chance.choice(alphabet) for _ in range(length))


def repeated(piece: str, length: int) -> str:
    return (piece * (length // len(piece) + 1))[:length]


def seconds(work: Callable[[], object]) -> float:
    """The least CPU time of three goes."""
    times = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


CASES: dict[str, Callable[[int], str]] = {
    **{f"random {name}": lambda n, a=a: random_text(a, n) for name, a in ALPHABETS.items()},  # type: ignore[misc]
    **{f"one {c!r}": lambda n, c=c: c * n for c in "0a中，（{<*_ \n万￥一…\"'|-#．"},  # type: ignore[misc]
    **{f"many {name}s": lambda n, p=p: repeated(p, n) for name, p in BEGINNINGS.items()},  # type: ignore[misc]
}
CASES |= {
    f"run of {''.join(run)}": lambda n, r=run: r[0] + repeated(r[1], n) + r[2]  # type: ignore[misc]
    for run in RUNS
}


@pytest.fixture(scope="module")
def plain_cost(preprocessor: Preprocessor) -> float:
    """Seconds for plain text of twice LENGTH."""
    text = repeated(PLAIN, 2 * LENGTH)
    preprocessor.prepare(text)
    return seconds(lambda: preprocessor.prepare(text))


@pytest.mark.parametrize("case", CASES)
def test_preparing_a_text_is_linear_and_never_dear(
    case: str, preprocessor: Preprocessor, plain_cost: float
) -> None:
    once, twice = (CASES[case](length) for length in (LENGTH, 2 * LENGTH))
    first, second = (
        seconds(lambda text=text: preprocessor.prepare(text)) for text in (once, twice)
    )  # type: ignore[misc]
    assert second < MULTIPLE * plain_cost
    assert second < 3.5 * first + 0.02


@pytest.mark.parametrize("case", CASES)
def test_reviewing_whatever_a_model_makes_of_it_is_never_dear(
    case: str, preprocessor: Preprocessor, postprocessor: Postprocessor, plain_cost: float
) -> None:
    prepared = preprocessor.prepare(CASES[case](LENGTH))
    chance = random.Random(case)

    def review() -> None:
        walk = Walk(prepared)
        while due := walk.due():
            for tried in due:
                decoded = [
                    Hypothesis(tuple(chance.choices(range(2, 8000), k=len(ids) + 4)), -1.0, 9)
                    for ids in tried.sentences
                ]
                walk.take(tried, postprocessor.review(walk.attempt(tried, decoded)))
        walk.translation()

    assert seconds(review) < 4 * MULTIPLE * plain_cost
