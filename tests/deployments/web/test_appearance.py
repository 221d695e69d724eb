"""Languages, colours, sizes, keyboard; and that the browser stays with us and does not complain."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

Visit = Callable[..., Any]

NO_STORAGE = """Object.defineProperty(
  window, "localStorage", {get() { throw new DOMException("no", "SecurityError") }}
)"""
INLINE_SCRIPT = """() => {
  try {
    const script = document.createElement("script");
    script.text = "window.owned = 1";
    document.body.append(script);
  } catch {
    // where even the assignment is refused
  }
}"""
ARTICLE = "机器翻译的质量有了明显的提高。" * 60


def test_the_page_stays_with_its_host_and_breaks_no_policy(visit: Visit, service_url: str) -> None:
    visitor = visit()
    visitor.type("你好")
    expect(visitor.page.locator("#output")).not_to_be_empty(timeout=60_000)
    visitor.page.locator("#language").click()
    assert visitor.hosts == {urlsplit(service_url).netloc}
    assert visitor.complaints == []


def test_the_documentation_works_offline_and_breaks_no_policy(
    visit: Visit, service_url: str
) -> None:
    visitor = visit("/docs")
    page = visitor.page
    page.locator('.opblock:has([data-path="/translate"]) .opblock-summary-control').click()
    page.get_by_role("button", name="Try it out").click()
    page.locator(".body-param textarea").fill('{"text": "你好"}')
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response-col_status").last).to_have_text(
        "200", timeout=60_000
    )
    assert visitor.asked == ["你好"]
    assert visitor.hosts == {urlsplit(service_url).netloc}
    assert visitor.complaints == []


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_inline_script_is_refused(visit: Visit, path: str) -> None:
    """The policy is really in force, so that its silence in the other tests means something."""
    visitor = visit(path)
    visitor.page.evaluate(INLINE_SCRIPT)
    assert visitor.page.evaluate("window.owned") is None
    assert any(
        re.search("Content Security Policy|Trusted", complaint) for complaint in visitor.complaints
    )


@pytest.mark.parametrize(
    ("locale", "lang", "title", "other"),
    [("zh-CN", "zh-CN", "中文译英文", "English"), ("zh-TW", "zh-CN", "中文译英文", "English"),
     ("en-GB", "en", "Chinese to English", "中文"), ("fr-FR", "en", "Chinese to English", "中文")],
)  # fmt: skip
def test_the_browsers_language_is_the_default(
    visit: Visit, locale: str, lang: str, title: str, other: str
) -> None:
    page = visit(locale=locale).page
    expect(page).to_have_title(title)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator("html")).to_have_attribute("lang", lang)
    expect(page.locator("#language")).to_have_text(other)


def test_the_chosen_language_is_remembered(visit: Visit) -> None:
    page = visit(locale="en-US").page
    page.locator("#language").click()
    expect(page.get_by_role("button", name="翻译", exact=True)).to_be_visible()
    expect(page.locator("#source")).to_have_attribute("placeholder", "输入或粘贴中文")
    expect(page.locator("#count")).to_have_text("0 个字符")
    page.reload()
    expect(page).to_have_title("中文译英文")
    page.locator("#language").click()
    page.reload()
    expect(page).to_have_title("Chinese to English")


def test_a_strange_remembered_language_is_ignored(visit: Visit) -> None:
    visitor = visit(script="localStorage.setItem('language', 'toString')")
    expect(visitor.page).to_have_title("Chinese to English")
    assert visitor.complaints == []


def test_forbidden_storage_does_no_harm(visit: Visit) -> None:
    visitor = visit(script=NO_STORAGE)
    visitor.page.locator("#language").click()
    expect(visitor.page).to_have_title("中文译英文")
    visitor.type("你好")
    expect(visitor.page.locator("#output")).not_to_be_empty(timeout=60_000)
    assert visitor.complaints == []


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_light_and_dark_follow_the_system(visit: Visit, path: str) -> None:
    light, dark = (
        brightness(visit(path, color_scheme=scheme).page) for scheme in ("light", "dark")
    )
    assert light > 220
    assert dark < 50


def brightness(page: Page) -> float:
    """Mean of red, green and blue of the page's ground."""
    return float(
        page.evaluate(
            """() => {
              const clear = (e) => getComputedStyle(e).backgroundColor === "rgba(0, 0, 0, 0)";
              const ground = [document.body, document.documentElement].find((e) => !clear(e));
              if (!ground) return 255;
              const colour = getComputedStyle(ground).backgroundColor;
              const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
              return (r + g + b) / 3;
            }"""
        )
    )


def test_panes_are_side_by_side_and_stack_on_a_phone(visit: Visit) -> None:
    page = visit(viewport={"width": 1280, "height": 800}).page
    source, output = page.locator("#source"), page.locator("#output")
    wide = source.bounding_box(), output.bounding_box()
    assert wide[0]["y"] == wide[1]["y"]
    assert wide[0]["x"] + wide[0]["width"] <= wide[1]["x"]
    assert wide[0]["height"] == wide[1]["height"]
    page.set_viewport_size({"width": 390, "height": 844})
    narrow = source.bounding_box(), output.bounding_box()
    assert narrow[0]["x"] == narrow[1]["x"]
    assert narrow[0]["y"] + narrow[0]["height"] < narrow[1]["y"]


@pytest.mark.parametrize(
    ("width", "height"),
    [(320, 640), (390, 844), (640, 400), (1280, 800)],
    ids=["small", "phone", "zoom 200 %", "desk"],
)
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_nothing_runs_over_the_edge(visit: Visit, width: int, height: int, locale: str) -> None:
    """1280×800 at 200 % zoom is a viewport of 640×400."""
    page = visit(viewport={"width": width, "height": height}, locale=locale).page
    reply = {
        "output": "Donaudampfschifffahrtsgesellschaft" * 20 + "\n" + "A word and another. " * 300,
        "latency_ms": 1,
    }
    page.route("**/translate", lambda route: route.fulfill(json=reply))
    page.fill("#source", ARTICLE)
    expect(page.locator("#output")).not_to_be_empty()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in page.get_by_role("button").all():
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert box["height"] >= 40, "large enough for a finger"
        assert control.evaluate("e => e.scrollWidth <= e.clientWidth"), "its text fits"
    output = page.locator("#output")
    output.evaluate("e => e.scrollTo(0, e.scrollHeight)")
    assert output.evaluate("e => e.scrollTop + e.clientHeight >= e.scrollHeight - 1"), (
        "its end can be read"
    )


def test_reduced_motion_is_respected(visit: Visit) -> None:
    name = "getComputedStyle(document.querySelector('.progress'), '::before').animationName"
    assert visit(reduced_motion="no-preference").page.evaluate(name) == "pass"
    assert visit(reduced_motion="reduce").page.evaluate(name) == "none"


def test_the_keyboard_reaches_everything_in_reading_order(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.route("**/translate", lambda route: route.fulfill(status=500, json={"error": "x"}))
    page.fill("#source", "你好")
    expect(page.locator("#retry")).to_be_visible()
    page.locator("nav a").focus()
    reached = []
    for _ in range(7):
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
        page.keyboard.press("Tab")
    assert reached == ["A", "language", "clear", "source", "translate", "retry", "output"]


def test_everything_has_a_name(visit: Visit) -> None:
    page = visit().page
    expect(page.get_by_role("textbox", name="Chinese")).to_be_editable()
    expect(page.get_by_role("status", name="English")).to_have_attribute("lang", "en")
    expect(page.get_by_role("region", name="Chinese")).to_be_visible()
    expect(page.get_by_role("region", name="English")).to_be_visible()
    for name in ("Translate", "Clear", "Copy", "中文"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="API")).to_have_attribute("href", "docs")
