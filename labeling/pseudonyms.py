"""Names under which a customer meets reviewers: keyed per customer, so two customers' releases cannot be joined on people."""

import hashlib
import hmac
from uuid import UUID


def pseudonym(*, key: bytes, reviewer: UUID) -> str:
    """Return the reviewer's stable name for the customer whose key this is: HMAC-SHA256, 80 bits of it, in hex."""
    return "r-" + hmac.new(bytes(key), reviewer.bytes, hashlib.sha256).hexdigest()[:20]
