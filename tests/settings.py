"""The product's settings, on a database of the tests' own. Migrations run as the owner; tests as the runtime role."""

import atexit
import os
import shutil
import tempfile

os.environ["ASSAY_DATABASE_ROLE"] = "owner"
os.environ["ASSAY_ENV"] = "development"

from config.settings import *  # noqa: F403
from config.settings import DATABASES, STATIC_ROOT, STORAGES

DATABASES["default"]["CONN_MAX_AGE"] = 0
# Processes that a test starts are told the name of the database of who started them.
DATABASES["default"]["TEST"] = {"NAME": os.environ.get("ASSAY_TEST_DATABASE") or f"test_{DATABASES['default']['NAME']}"}

# Cheap on purpose: what is tested is who may log in, never the hash.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_files = tempfile.mkdtemp(prefix="assay-tests-")
atexit.register(shutil.rmtree, _files, ignore_errors=True)
for _name in ("default", "sources", "releases", "imports"):
    STORAGES[_name]["OPTIONS"] = {"location": f"{_files}/{_name}", "allow_overwrite": True}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
CODE_VERSION = "tests"

# Jobs run in the tests' own process: a drain hands on what waits, and does not stay for more.
ASSAY_DRAIN_SECONDS = 0.0
