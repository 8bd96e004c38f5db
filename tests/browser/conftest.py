"""A real Chromium, and pages that fail their test on anything that the browser complains of."""

import os

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.logins import log_in
from tests.cast import gather_cast

WAITS, WAIT_MS = 50, 100


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        # Playwright's loop marks this thread as asynchronous, which Django would refuse the database to.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("ASSAY_CHROMIUM") or "/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, transactional_db, live_server):
    """A page that fails the test on anything that the browser complains of.

    What its windows have asked for is waited for at the end: the tables are emptied then.
    """
    complaints, asked = [], set()
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    context.on("request", lambda request: asked.add(request))
    for ended in ("requestfinished", "requestfailed"):
        context.on(ended, lambda request: asked.discard(request))
    made = context.new_page()
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    made.complaints = complaints
    yield made
    for _ in range(WAITS):
        if asked:
            made.wait_for_timeout(WAIT_MS)
    context.close()
    assert [text for text in complaints if "409" not in text and "422" not in text and "ERR_" not in text] == []


@pytest.fixture
def cast(page):
    return gather_cast()


@pytest.fixture
def preview(page, cast):
    log_in(page, "mira", "/admin/")
    page.goto("/admin/form-preview/")
    expect(page.get_by_test_id("example")).to_be_visible()
    return page
