"""The product's settings, on a database of the tests' own. Migrations run as the owner; tests as the runtime role."""

import os
import tempfile

os.environ["ASSAY_DATABASE_ROLE"] = "owner"
os.environ["ASSAY_ENV"] = "development"

from config.settings import *  # noqa: F403
from config.settings import DATABASES, STATIC_ROOT, STORAGES

DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["TEST"] = {"NAME": f"test_{DATABASES['default']['NAME']}"}

# Cheap on purpose: what is tested is who may log in, never the hash.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_files = tempfile.TemporaryDirectory(prefix="assay-tests-")
for _name in ("default", "sources", "releases", "imports"):
    STORAGES[_name]["OPTIONS"] = {"location": f"{_files.name}/{_name}", "allow_overwrite": True}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
CODE_VERSION = "tests"

# Jobs run in the tests' own process: a drain hands on what waits, and does not stay for more.
ASSAY_DRAIN_SECONDS = 0.0
