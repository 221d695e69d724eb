"""Input methods: what is being composed is nobody's text yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

pytestmark = pytest.mark.browser

Visit = Callable[..., Any]

LOG = """
addEventListener("DOMContentLoaded", () => {
  window.events = [];
  for (const type of ["compositionstart", "compositionend"])
    document.getElementById("source").addEventListener(type, () => window.events.push(type));
});
"""


class InputMethod:
    """What an input method does to a focused field, through the browser's own composition."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)

    def compose(self, text: str) -> None:
        end = len(text)
        self.session.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": end, "selectionEnd": end}
        )

    def commit(self, text: str) -> None:
        self.session.send("Input.insertText", {"text": text})


def test_nothing_is_sent_while_composing_and_one_request_after(visit: Visit) -> None:
    visitor = visit(stopped=True, script=LOG)
    method = InputMethod(visitor.page)
    for typed in ("n", "ni", "ni h", "ni hao"):
        method.compose(typed)
        visitor.wait(1000)
    assert visitor.page.evaluate("events") == ["compositionstart"]
    expect(visitor.page.locator("#source")).to_have_value("ni hao")
    assert visitor.asked == []
    method.commit("你好")
    visitor.wait(349)
    assert visitor.page.evaluate("events") == ["compositionstart", "compositionend"]
    assert visitor.asked == []
    visitor.wait(1)
    visitor.wait(5000)
    assert visitor.asked == ["你好"]


def test_the_shortcut_does_nothing_while_composing(visit: Visit) -> None:
    visitor = visit(stopped=True, script=LOG)
    page = visitor.page
    method = InputMethod(page)
    method.compose("zhong")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Meta+Enter")
    visitor.wait(1000)
    assert page.evaluate("events") == ["compositionstart"]
    assert visitor.asked == []
    method.commit("中")
    page.keyboard.press("Control+Enter")
    visitor.settle()
    assert visitor.asked == ["中"]


def test_a_composition_stops_the_pause_that_was_running(visit: Visit) -> None:
    visitor = visit(stopped=True)
    method = InputMethod(visitor.page)
    visitor.type("A")
    visitor.wait(300)
    method.compose("guo")
    visitor.wait(1000)
    assert visitor.asked == []
    method.commit("国")
    visitor.wait(350)
    assert visitor.asked == ["A国"]


@pytest.mark.parametrize("waiting", ["for the pause", "for a retry"])
def test_a_composition_counts_from_its_start_even_with_nothing_in_it(
    visit: Visit, waiting: str
) -> None:
    """Some input methods open before the first letter.

    Chromium's own does not, so the event is ours.
    """
    visitor = visit(stopped=True)
    page = visitor.page
    page.route("**/translate", lambda route: route.abort())
    visitor.type("你")
    if waiting == "for a retry":
        visitor.wait(350)
        expect(page.locator("#countdown")).not_to_be_empty()
    sent = list(visitor.asked)
    page.locator("#source").dispatch_event("compositionstart")
    visitor.wait(60_000)
    assert visitor.asked == sent
    page.locator("#source").dispatch_event("compositionend")
    visitor.wait(350)
    assert visitor.asked == [*sent, "你"]


def test_the_key_that_ended_a_composition_is_no_shortcut(visit: Visit) -> None:
    """Safari tells of that key after the end of the composition, with the code of input methods."""
    visitor = visit(stopped=True)
    visitor.type("你好")
    key = {"key": "Enter", "ctrlKey": True, "bubbles": True, "cancelable": True}
    visitor.page.locator("#source").dispatch_event("keydown", {**key, "keyCode": 229})
    visitor.settle()
    assert visitor.asked == []
    visitor.page.locator("#source").dispatch_event("keydown", {**key, "keyCode": 13})
    visitor.settle()
    assert visitor.asked == ["你好"]


def test_a_composition_given_up_leaves_the_translation_alone(visit: Visit) -> None:
    visitor = visit(stopped=True, script=LOG)
    method = InputMethod(visitor.page)
    visitor.type("你好")
    visitor.wait(350)
    expect(visitor.page.locator("#output")).not_to_be_empty(timeout=60_000)
    translation = visitor.page.locator("#output").text_content()
    method.compose("ma")
    method.compose("")
    visitor.wait(1000)
    assert visitor.page.evaluate("events") == ["compositionstart", "compositionend"]
    expect(visitor.page.locator("#source")).to_have_value("你好")
    assert visitor.asked == ["你好"]
    assert visitor.page.locator("#output").text_content() == translation


def test_a_composition_stops_retries(visit: Visit) -> None:
    visitor = visit(stopped=True)
    page = visitor.page
    page.route(
        "**/translate",
        lambda r: r.fulfill(status=503, headers={"Retry-After": "3"}, json={"error": "busy"}),
    )
    visitor.type("你")
    visitor.wait(350)
    expect(page.locator("#countdown")).to_have_text("Next try in 3 s.")
    method = InputMethod(page)
    method.compose("hao")
    visitor.wait(60_000)
    assert visitor.asked == ["你"]
    method.commit("好")
    visitor.wait(350)
    assert visitor.asked == ["你", "你好"]


def test_the_button_ends_the_composition_and_sends_its_result(visit: Visit) -> None:
    visitor = visit(stopped=True, script=LOG)
    page = visitor.page
    InputMethod(page).compose("好")
    page.get_by_role("button", name="Translate").click()
    visitor.wait(1000)
    assert page.evaluate("events") == ["compositionstart", "compositionend"]
    assert visitor.asked == ["好"]
