"""What a flag's detail says, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from labeling.types import FlagKind, Problem

PATTERNS = {
    "private_key": _("private key"),
    "jwt": _("signed token (JWT)"),
    "aws_access_key": _("AWS access key"),
    "github_token": _("GitHub token"),
    "api_key": _("API key"),
    "email": _("e-mail address"),
    "iban": _("bank account (IBAN)"),
    "card": _("card number"),
    "phone": _("phone number"),
}


def noticed(kind: str, detail: Mapping[str, Any]) -> str:
    """Return the detail of a flag of this kind as a phrase; never the words that were noticed, which it does not hold."""
    if kind == FlagKind.PERSONAL_DATA:
        name = str(detail.get("pattern", ""))
        return f"{PATTERNS.get(name, name)} × {detail.get('count', 1)}"
    if kind == FlagKind.NEAR_DUPLICATE and "similarity" in detail:
        return str(_("%(share).0f %% alike")) % {"share": 100 * float(detail["similarity"])}
    if kind == FlagKind.LANGUAGE and "found" in detail:
        words = _("uploaded as %(uploaded)s, reads as %(found)s (%(share).0f %%)")
        share = 100 * float(detail.get("probability", 0))
        return str(words) % {"uploaded": detail.get("uploaded"), "found": detail["found"], "share": share}
    if kind == FlagKind.LANGUAGE:
        return str(_("the language is not known"))
    if kind == FlagKind.REPORTED:
        return str(Problem(detail["problem"]).label)
    if kind == FlagKind.RULE:
        return str(detail.get("said", ""))
    return ", ".join(f"{name}: {value}" for name, value in detail.items())
