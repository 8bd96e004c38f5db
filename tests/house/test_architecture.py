"""What holds the house together, as failing tests."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.utils.module_loading import import_string

from config import diagrams
from config.schedules import SCHEDULES
from config.subscriptions import SUBSCRIPTIONS

ROOT = Path(settings.BASE_DIR)
OURS = ("kernel", "labeling", "routing", "quality", "delivery")


@pytest.mark.parametrize("app", sorted(diagrams.MACHINES))
def test_the_diagrams_are_those_of_the_transition_tables(app):
    text = diagrams.readme_of(app, ROOT).read_text(encoding="utf-8")
    assert diagrams.with_diagrams(text, app) == text, "Run manage.py diagrams."


@pytest.mark.parametrize(
    "folder", ["labeling", "routing", "quality", "delivery", "config", "config/kernel", "config/sample", "."]
)
def test_every_room_of_the_house_has_its_page(folder):
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    drawn = re.sub(f"{re.escape(diagrams.BEGIN)}.*?{re.escape(diagrams.END)}", "", text, flags=re.DOTALL)
    assert 10 < len(drawn.splitlines()) < 130


def test_the_readme_names_what_there_is():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "serve", "test", "help"):
        assert f"make {target}" in text
        assert f"\n{target}:" in makefile
    for picture in ("desk", "console", "portal"):
        assert (ROOT / "docs" / f"{picture}.png").stat().st_size > 10_000
    source = (ROOT / "config/settings.py").read_text() + (ROOT / "config/environment.py").read_text()
    source += (ROOT / "config/kernel/roles.py").read_text()
    for word in set(re.findall(r"`((?:ASSAY|DATABASE)_[A-Z0-9_]+)`", text)):
        if word != "ASSAY_HOME":
            assert f'"{word}"' in source, word


def test_everything_in_the_tables_of_the_roof_can_be_imported():
    for job in [each.job for each in SCHEDULES] + [each.job for each in SUBSCRIPTIONS]:
        assert callable(import_string(job))
    assert len({each.name for each in SCHEDULES}) == len(SCHEDULES)
    assert len({each.name for each in SUBSCRIPTIONS}) == len(SUBSCRIPTIONS)


def test_migrations_are_linear():
    graph = MigrationLoader(None).graph
    for app in OURS:
        assert len(graph.leaf_nodes(app)) == 1


def test_a_web_worker_imports_none_of_the_heavy_packages():
    """In a process of its own, with every address resolved: numpy, scipy and pyarrow belong to job workers."""
    script = (
        "import json, sys\n"
        "from config.wsgi import application\n"
        "from django.urls import get_resolver\n"
        "[list(each.url_patterns) for each in get_resolver().url_patterns if hasattr(each, 'url_patterns')]\n"
        "from django.contrib import admin\n"
        "assert admin.site._registry\n"
        "print(json.dumps(sorted({'numpy', 'scipy', 'pyarrow', 'pandas'} & sys.modules.keys())))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "config.settings", "ASSAY_HOME": str(settings.HOME)},
    )  # fmt: skip
    assert json.loads(done.stdout) == []


def test_every_model_has_a_name_for_people_and_a_customer_where_it_has_a_project():
    for app in OURS:
        for model in apps.get_app_config(app).get_models():
            assert "__str__" in model.__dict__ or model.__name__.endswith("Permission"), model
            names = {field.name for field in model._meta.fields}
            if "project" in names and model.__name__ != "Membership":
                assert "customer" in names, model


def test_the_api_is_described_in_openapi_3_1(db):
    schema = Client().get("/api/schema/?format=json").json()
    assert schema["openapi"] == "3.1.0"
    assert "/api/v1/projects/{project}/batches" in schema["paths"]
    assert "/api/desk/v1/next" in schema["paths"]
    assert "key" in schema["components"]["securitySchemes"]
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["responses"], f"{method} {path}"


def test_the_pages_of_the_api_come_from_this_machine(db):
    page = Client().get("/api/docs/").content.decode()
    assert "//cdn" not in page
    assert "https://" not in page
    assert "<style" not in page
    assert "<script>" not in page


def test_no_file_is_long():
    for path in ROOT.glob("**/*.py"):
        if not {".venv", ".assay", "migrations"} & set(path.relative_to(ROOT).parts):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


def test_health_and_readiness(db):
    client = Client()
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz", headers={"X-Request-Id": "my-request-1"})
    assert (ready.json(), ready["X-Request-Id"]) == ({"status": "ready"}, "my-request-1")
    assert len(client.get("/healthz", headers={"X-Request-Id": "bad id\n"})["X-Request-Id"]) == 36
