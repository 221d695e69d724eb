from __future__ import annotations

import logging

import pytest

from pipeline.answer import checks
from pipeline.answer.checks import check
from pipeline.answer.faults import SEVERITY, Fault, severity
from pipeline.answer.translation import Attempt, Part, Try
from pipeline.decode.options import Hypothesis
from pipeline.text.prepared import Protected, Span, Unit
from pipeline.text.protect import placeholder

P, Q = placeholder(0), placeholder(1)
BOLD = (Protected("<b>", "tag"), Protected("</b>", "tag"))
PRINTF = (Protected("%s", "placeholder"), Protected("%d", "placeholder"))
URL = (Protected("https://example.com", "url"),)
PICTURE = (Protected("<img src=a>", "tag"),)
NAMES = (Protected("{a}", "placeholder"), Protected("{b}", "placeholder"))


def attempt(
    seen: str,
    protected: tuple[Protected, ...] = (),
    tokens: tuple[int, int] = (10, 10),
    tried: Try | None = None,
) -> Attempt:
    """An attempt at a sentence of so many source tokens, with so many of the target."""
    ids = tuple(range(2, 2 + tokens[0]))
    unit = Unit(seen, Span(0, len(seen)), ids, seen, protected)
    tried = tried or Try(0, (Part(seen, ids),), protected)
    return Attempt(unit, tried, (Hypothesis(tuple(range(tokens[1])), -1.0, 1),), opens=True)


def faults(
    seen: str,
    target: str,
    protected: tuple[Protected, ...] = (),
    tokens: tuple[int, int] = (10, 10),
) -> tuple[str, ...]:
    return check(attempt(seen, protected, tokens), target)


@pytest.mark.parametrize(
    ("seen", "target", "protected"),
    [
        ("今天很好。", "It is fine today.", ()),
        (f"访问{P}。", f"Visit {P}.", URL),
        (f"{P}和{Q}", f"{Q} and {P}", NAMES),
        (f"这{P}重点{Q}", f"the {P}key{Q}", BOLD),
        (f"{P}{Q}好", f"Good {P}{Q}", BOLD),
        (f"在{P}北京{Q}工作", f"Work in {P}Beijing{Q}", BOLD),
        (f"{P}有{Q}个", f"{P} has {Q}", PRINTF),
        (f"访问{P}。", f"Visit {P}.", (Protected("http://a.b/2024", "url"),)),
        (f"下载{P}安装包", f"Download the package {P}", PICTURE),
        (f"下载{P}安装包", f"Download {P} package", PICTURE),
        (f"他{P}走", f"Go {P}", PICTURE),
    ],
)
def test_good_translations_pass(seen: str, target: str, protected: tuple[Protected, ...]) -> None:
    assert faults(seen, target, protected) == ()


@pytest.mark.parametrize(
    ("seen", "target", "protected", "expected"),
    [
        (f"访问{P}。", "Visit the page.", URL, "protected"),
        (f"访问{P}。", f"Visit {P} or {P}.", URL, "protected"),
        (f"访问{P}。", f"Visit {P} or https://example.com.", URL, "protected"),
        (f"访问{P}。", f"Visit {P} or {Q}.", URL, "protected"),
        (f"这{P}重点{Q}", f"the {Q}key{P}", BOLD, "protected"),
        (f"这{P}重点{Q}", f"the key {P}{Q}", BOLD, "protected"),
        (f"{P}有{Q}个", f"{Q} of {P}", PRINTF, "protected"),
        (f"你好，{P}世界{Q}！", f"{P}World{Q}!", BOLD, "protected"),
        (f"下载{P}安装包", f"Download {P}", PICTURE, "protected"),
        (f"地址：北京{P}下一页", f"Address: {P} Next", PICTURE, "protected"),
        (f"{P}你好", P, URL, "empty"),
        ("你好。", "...", (), "empty"),
        ("今天很好。", "今天很好。", (), "copied"),
        ("我用Python。", "我用Python。", (), "chinese"),
        ("今天天气很好，我们去公园。", "今天天气很好, go.", (), "copied"),
        ("他去北京。", "He goes to 北京 today.", (), "chinese"),
        ("有300人。", "There are 30 people.", (), "numbers"),
        ("他来了。", "He came in 1998.", (), "numbers"),
        ("我用Python写代码。", "I write code.", (), "words"),
        ("点击（确定）。", "Click (OK.", (), "marks"),
        ("误差±5。", "The error is £5.", (), "signs"),
    ],
)
def test_a_fault_has_its_name(
    seen: str, target: str, protected: tuple[Protected, ...], expected: str
) -> None:
    assert expected in faults(seen, target, protected)


def test_far_too_short_is_flagged_where_it_can_be_told() -> None:
    assert faults("今天", "Hi", tokens=(40, 10)) == ("short",)
    assert faults("今天", "Hi", tokens=(40, 20)) == ()
    assert faults("今天", "Hi", tokens=(5, 1)) == ()


@pytest.mark.parametrize(("english", "wrong"), [("300", True), ("3 million", False)])
def test_a_retry_that_hid_a_number_is_still_held_against_the_source(
    english: str, wrong: bool
) -> None:
    hidden = (Protected(english, "number"),)
    tried = Try(0, (Part(f"人口约{P}。", (2,)),), hidden, remedy="masked")
    found = check(attempt("人口约300万。", tried=tried), f"The population is about {P}.")
    assert ("numbers" in found) is wrong


def test_a_check_that_fails_costs_a_warning_and_says_no_text(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*texts: str) -> list[str]:
        raise ArithmeticError(texts)

    monkeypatch.setattr(checks, "missing", fail)
    with caplog.at_level(logging.ERROR):
        assert faults("有300人。", "There are 300 people.") == ("unchecked",)
    assert "ArithmeticError" in caplog.text
    assert "人" not in caplog.text


def test_every_fault_weighs_something() -> None:
    assert severity(()) == 0
    assert set(SEVERITY) == set(Fault)
    assert min(SEVERITY.values()) > 0
