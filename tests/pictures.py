"""Take the pictures in README.md from a running `make serve`: ASSAY_CHROMIUM=$(bin/browser) .venv/bin/python -m tests.pictures"""

import os
from pathlib import Path

import django
from playwright.sync_api import sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402

from config import sample  # noqa: E402
from config.management.commands.serve import known_passwords  # noqa: E402

SIZE = {"width": 1280, "height": 800}
SURFACES = (
    ("desk", "/desk/", "[data-testid=response-1]", lambda people: people["guest"]),
    ("console", "/admin/", "[data-testid=projects]", lambda people: people["operators"][0]),
    ("portal", "/portal/", "[data-testid=projects]", lambda people: people["customers"][0]["admin"]),
)


def take_pictures(url: str, folder: Path, chromium: str) -> None:
    """Log in at each surface and take its picture into `folder`."""
    passwords, people = known_passwords(), sample.load("people.json")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, path, awaited, pick in SURFACES:
            page = browser.new_page(viewport=SIZE)
            email = pick(people)["email"]
            page.goto(f"{url}{path}login/")
            page.fill("[name=username]", email)
            page.fill("[name=password]", passwords[email])
            page.keyboard.press("Enter")
            if name == "desk":
                page.wait_for_selector(f"{awaited}:visible, [data-testid=acknowledge]:visible")
                if page.is_visible("[data-testid=acknowledge]"):
                    page.click("[data-testid=acknowledge]")
            page.wait_for_selector(awaited)
            if name == "portal":
                page.click(f"{awaited} a")
                page.wait_for_selector("[data-testid=releases]")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    take_pictures("http://localhost:8000", settings.BASE_DIR / "docs", os.environ["ASSAY_CHROMIUM"])
