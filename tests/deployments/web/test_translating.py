"""From typing to a translation, and what the buttons do."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error, Route, expect

pytestmark = pytest.mark.browser

SENTENCE = "中国的科技创新能力正在快速提升。"
PATIENCE = 60_000  # ms; a model may be slow on a busy machine

Visit = Callable[..., Any]


def answer(route: Route, output: str) -> None:
    route.fulfill(
        json={"input": route.request.post_data_json["text"], "output": output, "latency_ms": 12.34}
    )


def test_text_is_translated_while_typing(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    expect(page.locator("#source")).to_be_focused()
    visitor.type(SENTENCE)
    expect(page.locator("#output")).not_to_be_empty(timeout=PATIENCE)
    expect(page.locator("#output")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#took")).to_have_text(re.compile(r"^[\d,.]+ m?s$"))
    assert visitor.asked[-1] == SENTENCE
    assert visitor.complaints == []


def test_a_pause_of_350_ms_sends_the_text_once(visit: Visit) -> None:
    visitor = visit(stopped=True)
    visitor.type("中国")
    visitor.wait(200)
    visitor.type("的")
    visitor.wait(349)
    assert visitor.asked == []
    visitor.wait(1)
    assert visitor.asked == ["中国的"]
    visitor.wait(5000)
    assert visitor.asked == ["中国的"]


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter", None])
def test_button_and_shortcut_do_not_wait_for_the_pause(visit: Visit, keys: str | None) -> None:
    visitor = visit(stopped=True)
    visitor.type(SENTENCE)
    if keys:
        visitor.page.keyboard.press(keys)
    else:
        visitor.page.get_by_role("button", name="Translate").click()
    visitor.settle()
    assert visitor.asked == [SENTENCE]
    visitor.wait(1000)
    assert visitor.asked == [SENTENCE], "the pause must not send it a second time"
    expect(visitor.page.locator("#source")).to_have_value(SENTENCE)
    expect(visitor.page.locator("#output")).not_to_be_empty(timeout=PATIENCE)


def test_enter_alone_starts_a_line(visit: Visit) -> None:
    visitor = visit(stopped=True)
    visitor.type("一")
    visitor.page.keyboard.press("Enter")
    visitor.type("二")
    visitor.settle()
    assert visitor.asked == []
    expect(visitor.page.locator("#source")).to_have_value("一\n二")


@pytest.mark.parametrize("text", ["   ", "\n\n", "\u3000\u3000", "\u00a0\t"])
def test_blank_text_is_not_sent(visit: Visit, text: str) -> None:
    visitor = visit(stopped=True)
    visitor.page.fill("#source", text)
    visitor.wait(1000)
    visitor.page.keyboard.press("Control+Enter")
    visitor.settle()
    assert visitor.asked == []
    expect(visitor.page.get_by_role("button", name="Translate")).to_be_disabled()


def test_text_that_is_back_as_it_was_is_not_sent_again(visit: Visit) -> None:
    visitor = visit(stopped=True)
    visitor.type("你好")
    visitor.wait(350)
    expect(visitor.page.locator("#output")).not_to_be_empty(timeout=PATIENCE)
    visitor.type("吗")
    visitor.page.keyboard.press("Backspace")
    visitor.wait(1000)
    assert visitor.asked == ["你好"]


def test_the_newest_text_wins_over_a_late_answer(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    held: list[Route] = []
    page.route("**/translate", lambda route: answer(route, "new") if held else held.append(route))
    with page.expect_request("**/translate"):
        page.fill("#source", "旧")
    with page.expect_event("requestfailed", lambda request: request.post_data_json["text"] == "旧"):
        page.fill("#source", "旧的不去，新的不来")
    expect(page.locator("#output")).to_have_text("new")
    with suppress(Error):  # the browser no longer takes it
        answer(held[0], "old")
    visitor.settle()
    expect(page.locator("#output")).to_have_text("new")
    assert visitor.asked == ["旧", "旧的不去，新的不来"]


def test_loading_is_shown_until_the_answer_comes(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    held: list[Route] = []
    page.route("**/translate", lambda route: held.append(route))
    with page.expect_request("**/translate"):
        page.fill("#source", "你好")
    output = page.locator("#output")
    expect(output).to_have_attribute("aria-busy", "true")
    expect(output).to_have_attribute("data-hint", "Translating…")
    expect(page.locator(".progress")).to_have_css("opacity", "1")
    answer(held[0], "Hello")
    expect(output).to_have_text("Hello")
    expect(output).to_have_attribute("aria-busy", "false")
    expect(page.locator(".progress")).to_have_css("opacity", "0")


def test_clear_empties_both_sides_and_can_be_undone(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    clear = page.get_by_role("button", name="Clear")
    expect(clear).to_be_disabled()
    visitor.type("你好")
    expect(page.locator("#output")).not_to_be_empty(timeout=PATIENCE)
    clear.click()
    expect(page.locator("#source")).to_have_value("")
    expect(page.locator("#source")).to_be_focused()
    expect(page.locator("#output")).to_be_empty()
    expect(page.locator("#took")).to_be_empty()
    expect(page.get_by_role("button", name="Copy")).to_be_disabled()
    page.keyboard.press("Control+Z")
    expect(page.locator("#source")).to_have_value("你好")
    expect(page.locator("#output")).not_to_be_empty(timeout=PATIENCE)


def test_clear_forgets_the_request_under_way(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    held: list[Route] = []
    page.route("**/translate", lambda route: held.append(route))
    with page.expect_request("**/translate"):
        page.fill("#source", "你好")
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Clear").click()
    expect(page.locator("#output")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#output")).to_be_empty()


def test_characters_are_counted_as_the_service_counts_them(visit: Visit) -> None:
    page = visit(stopped=True).page
    count = page.locator("#count")
    for text, expected in {
        "": "0 characters",
        "好": "1 character",
        "𠮷野家": "3 characters",
        "一\n😀": "3 characters",
        "字" * 1234: "1,234 characters",
    }.items():
        page.fill("#source", text)
        expect(count).to_have_text(expected)


def test_copy_puts_the_translation_on_the_clipboard(visit: Visit) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    visitor.type(SENTENCE)
    expect(page.locator("#output")).not_to_be_empty(timeout=PATIENCE)
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator("#output").text_content()
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_visible()


def test_copy_works_without_the_clipboard_api(visit: Visit) -> None:
    """As over plain HTTP from another host."""
    visitor = visit(script="Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page = visitor.page
    page.route("**/translate", lambda route: answer(route, "Two\nlines"))
    visitor.type(SENTENCE)
    expect(page.locator("#output")).to_have_text("Two\nlines")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    page.keyboard.press("Control+V")
    expect(page.locator("#source")).to_have_value("Two\nlines")


HTML = (
    "<b>粗体</b><img src=x onerror=\"document.title='owned'\">"
    "<script>document.title='owned'</script> &amp; {n}"
)


def test_markup_is_text_like_any_other(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.fill("#source", HTML)  # whatever the model makes of it
    expect(page.locator("#output")).not_to_be_empty(timeout=PATIENCE)
    assert visitor.asked == [HTML]
    page.route("**/translate", lambda route: answer(route, HTML))
    page.get_by_role("button", name="Translate").click()
    expect(page.locator("#output")).to_have_text(HTML)
    assert page.locator("#output *").count() == 0
    expect(page).to_have_title("Chinese to English")
    assert visitor.complaints == []


def test_line_breaks_and_spaces_of_the_translation_are_kept(visit: Visit) -> None:
    page = visit().page
    page.route("**/translate", lambda route: answer(route, "One\n\n  Two"))
    page.fill("#source", "一\n\n  二")
    expect(page.locator("#output")).to_have_text("One\n\n  Two")
    assert page.locator("#output").inner_text() == "One\n\n  Two"


def test_text_typed_before_the_page_was_ready_is_translated(visit: Visit, service_url: str) -> None:
    visitor = visit()
    page = visitor.page
    held: list[Route] = []
    page.route("**/app.js", lambda route: held.append(route))
    page.goto(service_url, wait_until="commit")
    page.locator("#source").fill("早上好")
    assert held
    held[0].continue_()
    expect(page.locator("#output")).not_to_be_empty(timeout=PATIENCE)
    assert visitor.asked == ["早上好"]
