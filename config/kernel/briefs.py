"""Documents in the console's lists: their gist on a line, never raw JSON; and spans of time in words."""

from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from config.kernel.console import display

LONGEST = 90


def brief(field: str, description: Any) -> Any:
    """Return a list column that shows the gist of a JSON field."""

    @display(description=description)
    def shown(row: Any) -> str:
        return gist(getattr(row, field))

    return shown


def gist(value: Any) -> str:
    """Return a document on one short line: what is said, without braces and quotation marks."""
    text = _said(value)
    if not text:
        return "–"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def _said(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        if len(value) == 1 and (only := next(iter(value))) in {"choice", "choices", "value", "answer"}:
            return _said(value[only])
        return ", ".join(f"{name}: {_part(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(_part, value)))
    return " ".join(str(value).split())


def _part(value: Any) -> str:
    said = _said(value) or "–"
    return f"({said})" if isinstance(value, dict) and len(value) > 1 else said


def span_in_words(span: Any) -> str:
    """Return a range of times as "from … until …"; a dash where there is none."""
    if span is None:
        return "–"
    begins, ends = (_moment(each) for each in (span.lower, span.upper))
    if ends is None:
        return _("from %(begins)s") % {"begins": begins}
    return _("from %(begins)s until %(ends)s") % {"begins": begins, "ends": ends}


def _moment(at: Any) -> str | None:
    return at and formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")
