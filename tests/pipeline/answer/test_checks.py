from __future__ import annotations

import pytest

from pipeline.answer.checks import SEVERITY, checked, severity
from pipeline.text.prepared import Protected
from pipeline.text.protect import placeholder

P, Q = placeholder(0), placeholder(1)
BOLD = (Protected("<b>", "tag"), Protected("</b>", "tag"))
PRINTF = (Protected("%s", "placeholder"), Protected("%d", "placeholder"))
URL = (Protected("https://example.com", "url"),)
NAMES = (Protected("{a}", "placeholder"), Protected("{b}", "placeholder"))


def warnings(
    seen: str,
    target: str,
    protected: tuple[Protected, ...] = (),
    tokens: tuple[int, int] = (10, 10),
) -> tuple[str, ...]:
    return tuple(checked(seen, target, protected, tokens))


@pytest.mark.parametrize(
    ("seen", "target", "protected"),
    [
        ("今天很好。", "It is fine today.", ()),
        (f"访问{P}。", f"Visit {P}.", URL),
        (f"{P}和{Q}", f"{Q} and {P}", NAMES),
        (f"这{P}重点{Q}", f"the {P}key{Q}", BOLD),
        (f"{P}{Q}好", f"Good {P}{Q}", BOLD),
        (f"{P}有{Q}个", f"{P} has {Q}", PRINTF),
    ],
)
def test_good_translations_pass(seen: str, target: str, protected: tuple[Protected, ...]) -> None:
    assert warnings(seen, target, protected) == ()


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
        (f"{P}你好", P, URL, "empty"),
        ("你好。", "...", (), "empty"),
        ("今天很好。", "今天很好。", (), "copied"),
        ("我用Python。", "我用Python。", (), "chinese"),
        ("今天天气很好，我们去公园。", "今天天气很好, go.", (), "copied"),
        ("他去北京。", "He goes to 北京 today.", (), "chinese"),
        ("有300人。", "There are 30 people.", (), "numbers"),
        ("他来了。", "He came in 1998.", (), "numbers"),
    ],
)
def test_a_fault_has_its_name(
    seen: str, target: str, protected: tuple[Protected, ...], expected: str
) -> None:
    assert expected in warnings(seen, target, protected)


def test_far_too_short_is_flagged_where_it_can_be_told() -> None:
    assert warnings("今天", "Hi", tokens=(40, 10)) == ("short",)
    assert warnings("今天", "Hi", tokens=(40, 20)) == ()
    assert warnings("今天", "Hi", tokens=(5, 1)) == ()


def test_digits_of_protected_spans_are_no_numbers() -> None:
    assert warnings(f"访问{P}。", f"Visit {P}.", (Protected("http://a.b/2024", "url"),)) == ()


def test_every_fault_weighs_something() -> None:
    assert severity(()) == 0
    assert all(severity((name,)) > 0 for name in SEVERITY)
