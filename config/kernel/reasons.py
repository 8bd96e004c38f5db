"""Why somebody decided what they decided: given, and short enough to be kept whole."""

from config.kernel.errors import Invalid

REASON_LONGEST = 300


def checked_reason(reason: str, *, ask: str, most: int = REASON_LONGEST) -> str:
    """Return the reason as it is kept, without the spaces around it.

    Raises Invalid for none, with the sentence that asks for one, and for one that is longer than is kept.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid(ask, field="reason")
    if len(reason) > most:
        raise Invalid(f"Say why in at most {most} characters; this is {len(reason)} long.", field="reason")
    return reason
