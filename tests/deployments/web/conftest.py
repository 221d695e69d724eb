"""A real browser on the real service."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)


@dataclass
class Visitor:
    """Somebody at the page, and what the browser was seen to do for them."""

    page: Page
    asked: list[str] = field(
        default_factory=list
    )  # texts of the requests to translate, in their order
    hosts: set[str] = field(default_factory=set)  # whom the browser talked to
    complaints: list[str] = field(
        default_factory=list
    )  # errors in the console, security policy included
    fences: int = 0

    def note(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob"):
            self.hosts.add(address.netloc)
        if address.path == "/translate":
            self.asked.append(request.post_data_json["text"])
        if address.query == "fence":
            self.fences += 1

    def type(self, text: str) -> None:
        self.page.locator("#source").press_sequentially(text)

    def stop_the_clock(self) -> None:
        """From now on the page's time passes only in `wait`."""
        self.page.clock.pause_at(self.page.evaluate("Date.now() + 1000"))

    def wait(self, ms: int) -> None:
        """Let the page's time pass; requests that it makes meanwhile are in `asked` afterwards."""
        self.page.clock.run_for(ms)
        self.settle()

    def settle(self) -> None:
        # Requests are reported in their order: once this one is seen, all earlier ones are.
        seen = self.fences
        self.page.evaluate("fetch('?fence').catch(() => null)")
        while self.fences == seen:
            self.page.wait_for_event("request")


Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")  # a longer life would keep an event loop running under other tests
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        message = f"no browser found ({', '.join(PROGRAMS)}): apt-get install chromium (Debian)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, service_url: str) -> Iterator[Visit]:
    """Open a page in a browser of its own; keywords are those of Playwright's `new_context`."""
    contexts = []

    def open_page(
        path: str = "/", *, script: str = "", stopped: bool = False, **options: object
    ) -> Visitor:
        context = browser.new_context(**{"locale": "en-US", **options})
        contexts.append(context)
        visitor = Visitor(context.new_page())
        page = visitor.page
        page.on("request", visitor.note)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        page.on(
            "console",
            lambda m: visitor.complaints.append(m.text) if m.type in ("error", "warning") else None,
        )
        if script:
            page.add_init_script(script)
        if stopped:
            page.clock.install()
        page.goto(f"{service_url}{path}")
        page.locator(
            "#count:not(:empty), .swagger-ui .info"
        ).first.wait_for()  # its script has done its first work
        if stopped:
            visitor.stop_the_clock()
        return visitor

    yield open_page
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
        context.close()
