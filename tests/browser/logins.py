"""The way in, as people take it."""

from playwright.sync_api import Page


def log_in(page: Page, name: str, path: str = "/desk/") -> None:
    page.goto(f"{path}login/")
    page.fill("[name=username]", f"{name}@example.org")
    page.fill("[name=password]", f"{name}-password")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path}")
