"""The floor's settings: Django, DRF and its tokens, and nothing besides."""

import os

from config.kernel import embedded
from config.kernel.database_url import parse

DATABASE = "assay_bench_floor"

SECRET_KEY = "the floor keeps no secrets"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "rest_framework.authtoken",
]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "config.bench.floor.urls"
WSGI_APPLICATION = "config.bench.floor.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
_given = os.environ.get("DATABASE_URL")
_owner = parse(_given) if _given else embedded.connection_parameters(name=DATABASE)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **_owner,
        "NAME": DATABASE,
        "CONN_MAX_AGE": None,
    }
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
