"""Small words in sentences."""

from django.utils.translation import ngettext


def counted(count: int, one: str, many: str) -> str:
    """Return "1 item" or "2 items"."""
    return f"{count:,} {ngettext(one, many, count)}"


def duration(seconds: int) -> str:
    """Return how long that is, in seconds up to a minute and a half, then in minutes, rounded up."""
    if seconds <= 90:
        return counted(seconds, "second", "seconds")
    return counted(-(-seconds // 60), "minute", "minutes")
