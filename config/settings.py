"""Settings. Everything that differs between places comes from the environment; README.md lists the variables.

In development (the default) secrets are made once and kept in the data folder; in production they must be given.
"""

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.templatetags.static import static

from config.environment import (
    code_version,
    database_parameters,
    flag,
    home,
    is_production,
    listed,
    refuse,
    runtime_parameters,
    secret_key,
    signing_key,
    whole_number,
)

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = home()
IS_PRODUCTION = is_production()

SECRET_KEY = secret_key()
DEBUG = flag("ASSAY_DEBUG")
ALLOWED_HOSTS = listed("ASSAY_HOSTS", default=[] if IS_PRODUCTION else ["localhost", "127.0.0.1", "[::1]"])
CODE_VERSION = code_version()

INSTALLED_APPS = [
    "config.kernel",
    "unfold.apps.BasicAppConfig",
    "config.console.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "guardian",
    "knox",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "csp",
    "pgtrigger",
    "pghistory",
    "labeling",
    "routing",
    "quality",
    "delivery",
    "config",
]

MIDDLEWARE = [
    "config.kernel.request_ids.RequestIdMiddleware",
    "config.kernel.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.kernel.policies.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.kernel.history.ConsoleHistory",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [
            BASE_DIR / "config/templates",
            BASE_DIR / "config/desk/templates",
            BASE_DIR / "config/portal/templates",
            BASE_DIR / "config/console/templates",
        ],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- database: the runtime role by default, the owner for what changes the schema ------------------------------------

DATABASES = {
    "default": {
        "ENGINE": "config.kernel.postgresql",
        **database_parameters(),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        # How often a statement of `config.kernel.prepared` runs before the server keeps it.
        "OPTIONS": {**database_parameters().get("OPTIONS", {}), "prepare_threshold": 1},
    }
}
# The role that migrate makes and grants: its login, as web and job processes know it.
RUNTIME_ROLE = {key: runtime_parameters()[key] for key in ("USER", "PASSWORD")}

# --- people ------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "kernel.User"
KNOX_TOKEN_MODEL = "kernel.ApiKey"
REST_KNOX = {"TOKEN_TTL": timedelta(days=90), "AUTH_HEADER_PREFIX": "Bearer", "TOKEN_PREFIX": "assay_"}
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
SILENCED_SYSTEM_CHECKS = [
    "guardian.W001",  # guardian's login backend is not used: permissions are asked of querysets, never of user.has_perm
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/desk/login/"
LOGIN_REDIRECT_URL = "/admin/"  # desk and portal lead to themselves
SESSION_COOKIE_AGE = 60 * 60 * 12

# --- interfaces --------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.kernel.api.authentication.KeyAuthentication",
        "config.kernel.api.authentication.DeskOrPortalSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["config.kernel.api.authentication.OnSurface"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.kernel.api.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.kernel.api.pages.Pages",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.kernel.api.problems.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Assay",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": (
        "Upload items, follow the work, check samples, accept releases. A key that is not known is answered with 401; after"
        " many of them from one address, with 429 and when to try again in Retry-After."
    ),
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/(v1|desk)",
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {
        "ProjectState": "labeling.types.ProjectState",
        "BatchState": "labeling.types.BatchState",
        "ItemState": "labeling.types.ItemState",
        "ReleaseState": "delivery.types.ReleaseState",
        "Role": "labeling.types.Role",
        "RoleToInvite": "labeling.api.people.ROLES_TO_INVITE",
    },
}

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [
    BASE_DIR / "config/static",
    BASE_DIR / "config/desk/static",
    BASE_DIR / "config/portal/static",
    BASE_DIR / "config/console/static",
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600 if IS_PRODUCTION else 0

UPLOADED_BYTES_MOST = int(os.environ.get("ASSAY_UPLOAD_BYTES", 2 * 1024**3))
# What a file may unpack to, and how large one may be that is read from a granted path.
UNPACKED_BYTES_MOST = int(os.environ.get("ASSAY_UNPACKED_BYTES", 32 * 1024**3))
# Whether judges may be models on this machine or in a private network, over plain HTTP too.
JUDGES_MAY_CALL_PRIVATE = flag("ASSAY_PRIVATE_MODELS")
# Whether a judgment took as long as is told, however short its lease: where people are played who worked at another time.
TIMES_AS_TOLD = flag("ASSAY_TIMES_AS_TOLD")
if TIMES_AS_TOLD and IS_PRODUCTION:
    refuse(
        "ASSAY_TIMES_AS_TOLD is for houses that play people, and never for production; take it out of the environment."
    )
# Each database has its own files, so that a demonstration never writes among the real ones.
FILES = HOME / "files" / str(DATABASES["default"]["NAME"])
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024**2
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]


def _storage(folder: str) -> dict[str, object]:
    """Files on this machine by default; with ASSAY_S3_BUCKET, in that bucket, for every host alike."""
    if bucket := os.environ.get("ASSAY_S3_BUCKET"):
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": bucket,
                "location": os.environ.get("ASSAY_S3_PREFIX", "") + folder,
                "endpoint_url": os.environ.get("ASSAY_S3_ENDPOINT") or None,
                "default_acl": "private",
                "file_overwrite": True,
                "max_memory_size": 8 * 1024**2,  # what is larger is read through a temporary file
            },
        }
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": str(FILES / folder),
            "allow_overwrite": True,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


STORAGES = {
    "default": _storage("other"),
    "sources": _storage("sources"),
    "releases": _storage("releases"),
    "imports": _storage("imports"),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# --- jobs --------------------------------------------------------------------------------------------------------------

Q_CLUSTER = {
    "name": "quick",
    "orm": "default",
    "workers": int(os.environ.get("ASSAY_QUICK_WORKERS", "2")),
    "timeout": 60,
    "retry": 90,
    "max_attempts": 5,
    "ack_failures": True,
    "catch_up": False,
    "poll": 0.2,
    "recycle": 2000,
    "save_limit": 1000,
    "label": "Jobs",
    # Half an hour, for what is one transaction: accepting a batch of millions, entering a release of them.
    "ALT_CLUSTERS": {
        "bulk": {"workers": int(os.environ.get("ASSAY_BULK_WORKERS", "1")), "timeout": 1800, "retry": 2100}
    },
}
# How long a drain job stays while facts keep coming; less than its timeout.
ASSAY_DRAIN_SECONDS = 20.0
ASSAY_SUBSCRIPTIONS = "config.subscriptions.SUBSCRIPTIONS"
ASSAY_CONSOLE_RULES = "labeling.console.RULES"

# --- security ----------------------------------------------------------------------------------------------------------

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = listed("ASSAY_ORIGINS", default=[])
SECURE_SSL_REDIRECT = IS_PRODUCTION and not flag("ASSAY_TLS_ENDS_BEFORE")
SECURE_HSTS_SECONDS = 31_536_000 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_PRODUCTION
# How many proxies stand in front, each of which adds to X-Forwarded-For the address that it was asked from.
ASSAY_PROXIES = whole_number("ASSAY_PROXIES", default=int(flag("ASSAY_TLS_ENDS_BEFORE")))
SECURE_REFERRER_POLICY = "same-origin"
if flag("ASSAY_TLS_ENDS_BEFORE"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# The console's theme needs these; customer content is shown there in a sandboxed frame only.
CONSOLE_SECURITY_POLICY = {
    "default-src": [NONE],
    "script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "frame-src": [SELF],
    "form-action": [SELF],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
}

# --- releases ----------------------------------------------------------------------------------------------------------

SIGNING_KEY = signing_key()

# --- words and time ----------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["config.kernel.formats"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.kernel.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("ASSAY_LOG_LEVEL", "INFO")},
    "loggers": {
        "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "httpx": {"level": "WARNING"},
    },
}

UNFOLD = {
    "SITE_TITLE": "Assay",
    "SITE_HEADER": "Assay",
    "SITE_SUBHEADER": "Console",
    "SITE_SYMBOL": "balance",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("favicon.svg")},
    ],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {
        "primary": {
            "50": "#eef4fb",
            "100": "#dbe7f6",
            "200": "#b9d0ec",
            "300": "#8fb2de",
            "400": "#5f8dca",
            "500": "#3a6db1",
            "600": "#1d4f91",
            "700": "#193f75",
            "800": "#16345f",
            "900": "#142c4e",
            "950": "#0d1c33",
        },
    },
    "DASHBOARD_CALLBACK": "config.console.dashboard.fill",
    "SIDEBAR": {"show_search": True, "navigation": "config.console.sidebar.navigation"},
}
