"""What the environment says, read strictly: a wrong value is one sentence, never a stack trace."""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

from config.kernel import database_url, embedded, roles

BASE_DIR = Path(__file__).resolve().parent.parent


def refuse(sentence: str) -> NoReturn:
    """End the process with one sentence on standard error."""
    sys.exit(f"assay: {sentence}")


def home() -> Path:
    return embedded.home()


def refuse_home(error: OSError) -> NoReturn:
    reason = (error.strerror or str(error)).lower()
    refuse(f"the data folder {home()} cannot be used ({reason}); set ASSAY_HOME to a folder that you may write to.")


def flag(name: str) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"", "0", "no", "false"}:
        return False
    if value in {"1", "yes", "true"}:
        return True
    refuse(f"{name} must be yes or no, not {value!r}.")


def whole_number(name: str, *, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if value.isascii() and value.isdecimal():
        return int(value)
    refuse(f"{name} must be a whole number, not {value!r}.")


def listed(name: str, *, default: list[str]) -> list[str]:
    value = os.environ.get(name, "")
    return [part.strip() for part in value.split(",") if part.strip()] or default


def is_production() -> bool:
    value = os.environ.get("ASSAY_ENV", "development")
    if value not in {"development", "production"}:
        refuse(f"ASSAY_ENV must be development or production, not {value!r}.")
    return value == "production"


def development_secret(name: str) -> str:
    """Return the secret kept in the data folder, making it (readable by its owner only) the first time."""
    path = home() / "secrets" / name
    try:
        embedded.make_home()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    except OSError as error:
        refuse_home(error)
    for _attempt in range(100):
        if secret := path.read_text().strip():
            return secret
    refuse(f"{path} is empty; remove it, and a new one is made.")


def secret_key() -> str:
    if given := os.environ.get("ASSAY_SECRET_KEY"):
        return given
    if is_production():
        refuse("set ASSAY_SECRET_KEY to a long random text; every host needs the same one.")
    return development_secret("secret.key")


def signing_key() -> str:
    """Return the seed that releases are signed with: 64 hexadecimal characters, which `delivery.signing` checks."""
    if given := os.environ.get("ASSAY_SIGNING_KEY"):
        return given
    if is_production():
        refuse(
            "set ASSAY_SIGNING_KEY to what `openssl rand -hex 32` prints, and keep it: customers trust its fingerprint."
        )
    return development_secret("signing.key")


def owner_parameters() -> dict[str, Any]:
    """Return Django's connection settings for the owner role, of DATABASE_URL or of the embedded server."""
    try:
        if url := os.environ.get("DATABASE_URL"):
            owner = database_url.parse(url)
        elif is_production():
            refuse("set DATABASE_URL to your PostgreSQL, such as postgres://owner:password@host:5432/assay.")
        else:
            owner = embedded.connection_parameters(name="assay")
    except (database_url.BrokenUrl, embedded.EmbeddedError) as error:
        refuse(str(error))
    except OSError as error:
        refuse_home(error)
    return {**owner, "NAME": os.environ.get("ASSAY_DATABASE_NAME") or owner["NAME"]}


def runtime_parameters() -> dict[str, Any]:
    """Return Django's connection settings for the runtime role, which is what web and job processes connect as."""
    try:
        return roles.runtime_parameters(owner_parameters(), secret=secret_key())
    except database_url.BrokenUrl as error:
        refuse(str(error).replace("DATABASE_URL", "DATABASE_RUNTIME_URL"))


def database_parameters() -> dict[str, Any]:
    """Return the settings of the role that ASSAY_DATABASE_ROLE names; the runtime role, where it names none."""
    role = os.environ.get("ASSAY_DATABASE_ROLE", "runtime")
    if role not in {"owner", "runtime"}:
        refuse(f"ASSAY_DATABASE_ROLE must be owner or runtime, not {role!r}.")
    return owner_parameters() if role == "owner" else runtime_parameters()


def code_version() -> str:
    """Return the version that annotations record: ASSAY_CODE_VERSION, else the checkout's commit, else "unknown"."""
    if given := os.environ.get("ASSAY_CODE_VERSION"):
        return given[:40]
    try:
        found = subprocess.run(
            ["git", "-C", str(BASE_DIR), "rev-parse", "--short=12", "HEAD"],
            capture_output=True, text=True, timeout=5, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return found.stdout.strip() or "unknown"
