"""How the record says no: to an upload or one row of it, and to an erasure."""

from config.kernel.errors import Conflict, Invalid


class LegalHoldStands(Conflict):
    """While it stands, nothing it covers is erased."""

    code = "legal_hold"


class ErasedBefore(Conflict):
    code = "erased_before"


class NotItems(Invalid):
    """The file as a whole cannot hold items."""

    code = "not_items"


class InvalidMapping(Invalid):
    """The document is no column mapping; the field names the place."""

    code = "invalid_mapping"


class RowRefused(Exception):
    """One row is not sound: the field at fault and a sentence. It stops no other row."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason
