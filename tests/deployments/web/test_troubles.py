"""What a visitor sees when a translation does not come."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser

Visit = Callable[..., Any]

RESTARTING = "The service is restarting."
SILENT = "The service does not answer. Please try again in a minute."
BUSY = "Many people are translating right now."
OUT_OF_SERVICE: dict[str, Callable[[Route], None]] = {
    "plain 500": lambda route: route.fulfill(
        status=500, content_type="text/plain", body="Internal Server Error"
    ),
    "plain 503": lambda route: route.fulfill(
        status=503, content_type="text/plain", body="No replicas"
    ),
    "gateway's page": lambda route: route.fulfill(
        status=502, content_type="text/html", body="<h1>Bad Gateway</h1>"
    ),
    "network failure": lambda route: route.abort("connectionrefused"),
}


def good(route: Route) -> None:
    route.fulfill(json={"input": "你好", "output": "Hello", "latency_ms": 12.34})


def recovering(page: Page, failures: list[Callable[[Route], None]]) -> None:
    """The service fails in these ways, one a request, and is well afterwards."""
    left = iter(failures)
    page.route("**/translate", lambda route: next(left, good)(route))


def refuse(status: int, error: str = "secret", **headers: str) -> Callable[[Route], None]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda route: route.fulfill(status=status, headers=named, json={"error": error})


def expect_calm(page: Page) -> None:
    for part in ("#alert", "#status", "#countdown", "#detail"):
        expect(page.locator(part)).to_be_empty()
    expect(page.locator("#retry")).to_be_hidden()


def fail_with(visit: Visit, failure: Callable[[Route], None], **options: Any) -> Any:
    """A visitor whose first translation fails in this way; the page's clock stands still."""
    visitor = visit(stopped=True, **options)
    visitor.page.route("**/translate", failure)
    visitor.type("你好")
    visitor.wait(350)
    expect(visitor.page.locator("#output")).to_have_attribute("aria-busy", "false")
    return visitor


def test_a_busy_service_is_asked_again_when_it_says(visit: Visit) -> None:
    visitor = visit(stopped=True)
    page = visitor.page
    recovering(page, [refuse(503, Retry_After="3")])
    visitor.type("你好")
    visitor.wait(350)
    expect(page.get_by_role("status").filter(has_text=BUSY)).to_be_visible()
    for left in (3, 2, 1):
        expect(page.locator("#countdown")).to_have_text(f"Next try in {left} s.")
        assert len(visitor.asked) == 1
        visitor.wait(1000)
    expect(page.locator("#output")).to_have_text("Hello")
    expect_calm(page)
    assert visitor.asked == ["你好", "你好"]


def test_the_screen_reader_is_told_once_not_every_second(visit: Visit) -> None:
    page = fail_with(visit, refuse(503, Retry_After="9")).page
    expect(page.locator("#countdown")).to_have_attribute("aria-hidden", "true")
    assert page.locator("[role=status] #countdown, [role=alert] #countdown").count() == 0


def test_retry_after_may_be_a_date(visit: Visit) -> None:
    visitor = visit(stopped=True)
    date = visitor.page.evaluate("new Date(Date.now() + 20000).toUTCString()")
    visitor.page.route("**/translate", refuse(503, Retry_After=date))
    visitor.type("你好")
    visitor.wait(350)
    expect(visitor.page.locator("#countdown")).to_have_text(
        re.compile(r"^Next try in (19|20) s\.$")
    )


@pytest.mark.parametrize(("asked", "waited"), [("86400", 60), ("0", 1), ("soon", 1), ("-5", 1)])
def test_strange_waits_are_bounded(visit: Visit, asked: str, waited: int) -> None:
    page = fail_with(visit, refuse(503, Retry_After=asked)).page
    expect(page.locator("#countdown")).to_have_text(f"Next try in {waited} s.")


def test_too_many_requests_is_busy_too(visit: Visit) -> None:
    page = fail_with(visit, refuse(429, Retry_After="5")).page
    expect(page.get_by_role("status").filter(has_text=BUSY)).to_be_visible()
    expect(page.locator("#countdown")).to_have_text("Next try in 5 s.")


@pytest.mark.parametrize("how", OUT_OF_SERVICE)
def test_a_restart_is_waited_out(visit: Visit, how: str) -> None:
    visitor = visit(stopped=True)
    page = visitor.page
    recovering(page, [OUT_OF_SERVICE[how]] * 2)
    visitor.type("你好")
    visitor.wait(350)
    expect(page.get_by_role("status").filter(has_text=RESTARTING)).to_be_visible()
    expect(page.locator("#countdown")).to_have_text("Next try in 1 s.")
    visitor.wait(1000)
    expect(page.locator("#countdown")).to_have_text("Next try in 2 s.")
    visitor.wait(1000)
    visitor.wait(1000)
    expect(page.locator("#output")).to_have_text("Hello")
    expect_calm(page)


def test_tries_come_to_an_end(visit: Visit) -> None:
    visitor = fail_with(visit, OUT_OF_SERVICE["network failure"])
    page = visitor.page
    for seconds in (1, 2, 3, 5, 8, 13):
        expect(page.locator("#countdown")).to_have_text(f"Next try in {seconds} s.")
        for _ in range(seconds):
            visitor.wait(1000)
    expect(page.get_by_role("alert").filter(has_text=SILENT)).to_be_visible()
    expect(page.locator("#countdown")).to_be_empty()
    visitor.wait(600_000)
    assert len(visitor.asked) == 7
    page.unroute("**/translate")
    page.route("**/translate", good)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#output")).to_have_text("Hello")
    expect(page.locator("#output")).to_be_focused()
    expect_calm(page)


def test_a_visitor_may_try_before_the_countdown_ends(visit: Visit) -> None:
    visitor = fail_with(visit, refuse(503, Retry_After="30"))
    page = visitor.page
    page.unroute("**/translate")
    page.route("**/translate", good)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#output")).to_have_text("Hello")
    visitor.wait(60_000)
    assert len(visitor.asked) == 2


def test_typing_ends_the_countdown(visit: Visit) -> None:
    visitor = fail_with(visit, refuse(503, Retry_After="2"))
    page = visitor.page
    visitor.type("，")
    expect_calm(page)
    visitor.wait(349)
    assert visitor.asked == ["你好"]
    page.unroute("**/translate")
    page.route("**/translate", good)
    visitor.wait(1)
    expect(page.locator("#output")).to_have_text("Hello")
    visitor.wait(60_000)
    assert visitor.asked == ["你好", "你好，"]


def test_a_text_too_long_is_told_the_limit(visit: Visit) -> None:
    limit = "The text has 20001 characters; the limit is 20000"
    visitor = fail_with(visit, refuse(413, limit))
    page = visitor.page
    expect(page.get_by_role("alert").filter(has_text="This text is too long.")).to_be_visible()
    expect(page.locator("#detail")).to_have_text(limit)
    expect(page.locator("#retry")).to_be_hidden()
    visitor.wait(600_000)
    assert len(visitor.asked) == 1


@pytest.mark.parametrize(
    ("failure", "message", "detail", "again"),
    [
        (
            refuse(400, "The text has a NUL character"),
            "This text cannot be translated as it is.",
            True,
            False,
        ),
        (refuse(408), "This took too long. A shorter text may get through.", False, True),
        (
            lambda r: r.fulfill(status=408, body="Request timed out"),
            "This took too long.",
            False,
            True,
        ),
        (
            lambda r: r.fulfill(status=413, body="<h1>413</h1>"),
            "This text is too long.",
            False,
            False,
        ),
        (refuse(500), "Something went wrong on the server.", False, True),
        (
            lambda r: r.fulfill(body="<h1>Please log in</h1>"),
            "Something went wrong on the server.",
            False,
            True,
        ),
        (
            lambda r: r.fulfill(json={"output": None}),
            "Something went wrong on the server.",
            False,
            True,
        ),
        (lambda r: r.fulfill(body="null"), "Something went wrong on the server.", False, True),
    ],
    ids=["400", "408", "plain 408", "proxy's 413", "500", "login page", "no output", "null"],
)
def test_lasting_errors_are_said_kindly(
    visit: Visit, failure: Callable[[Route], None], message: str, detail: bool, again: bool
) -> None:
    visitor = fail_with(visit, failure)
    page = visitor.page
    expect(page.get_by_role("alert").filter(has_text=message)).to_be_visible()
    expect(page.locator("#detail")).to_have_text("The text has a NUL character" if detail else "")
    expect(page.locator("#retry")).to_be_visible(visible=again)
    visitor.wait(600_000)
    assert len(visitor.asked) == 1, "only a person asks again"


def test_the_services_words_are_shown_as_text(visit: Visit) -> None:
    page = fail_with(visit, refuse(400, "<img src=x onerror=alert(1)>")).page
    expect(page.locator("#detail")).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator("#notice img").count() == 0


def test_an_earlier_translation_stays_readable_during_trouble(visit: Visit) -> None:
    visitor = visit(stopped=True)
    page = visitor.page
    page.route(
        "**/translate",
        lambda r: (good if r.request.post_data_json["text"] == "你好" else refuse(500))(r),
    )
    visitor.type("你好")
    visitor.wait(350)
    expect(page.locator("#output")).to_have_text("Hello")
    visitor.type("吗")
    visitor.wait(350)
    expect(page.get_by_role("alert").filter(has_text="Something went wrong")).to_be_visible()
    expect(page.locator("#output")).to_have_text("Hello")
    page.keyboard.press("Backspace")
    visitor.wait(350)
    expect_calm(page)
    assert visitor.asked == ["你好", "你好吗"]


def test_trouble_is_told_in_the_visitors_language(visit: Visit) -> None:
    page = fail_with(visit, refuse(503, Retry_After="4"), locale="zh-CN").page
    expect(page.locator("#status")).to_have_text("当前使用的人较多。")
    expect(page.locator("#countdown")).to_have_text("4 秒后自动重试。")
    page.locator("#language").click()
    expect(page.locator("#status")).to_have_text(BUSY)
    expect(page.locator("#countdown")).to_have_text("Next try in 4 s.")


def test_a_real_loss_of_the_network_heals_itself(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.context.set_offline(True)
    visitor.type("你好")
    expect(page.get_by_role("status").filter(has_text=RESTARTING)).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#output")).not_to_be_empty(timeout=60_000)
    expect_calm(page)
