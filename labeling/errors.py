"""How the record says no."""

from config.kernel.errors import Conflict


class LegalHoldStands(Conflict):
    """While it stands, nothing it covers is erased."""

    code = "legal_hold"


class ErasedBefore(Conflict):
    code = "erased_before"
