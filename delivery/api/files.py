"""Files of a release over HTTP: strong ETags, one range at a time (RFC 9110, section 14)."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.storage import storages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase, HttpResponseNotModified

from delivery.models import Artifact

CHUNK = 256 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def file_response(request: HttpRequest, artifact: Artifact) -> HttpResponseBase:
    """Return the file, the range asked for, 304 where the caller has it, or 416 for a range outside it.

    After an erasure the redacted file is handed out, under an ETag of its own.
    """
    served = artifact.served
    etag = f'"{served.sha256}"'
    if etag in request.headers.get("If-None-Match", ""):
        return _headed(HttpResponseNotModified(), artifact, etag)
    first, last = 0, served.bytes - 1
    status = 200
    asked = request.headers.get("Range", "")
    if asked and request.headers.get("If-Range", etag) == etag and (match := RANGE.fullmatch(asked)):
        found = _bounds(match, served.bytes)
        if found is None:
            response = HttpResponse(status=416)
            response["Content-Range"] = f"bytes */{served.bytes}"
            return response
        if found != (first, last) or served.bytes:
            (first, last), status = found, 206
    streamed = StreamingHttpResponse(
        _stretch(served.pieces, first, last), status=status, content_type=artifact.media_type
    )
    streamed["Content-Length"] = str(last - first + 1)
    if status == 206:
        streamed["Content-Range"] = f"bytes {first}-{last}/{served.bytes}"
    return _headed(streamed, artifact, etag)


def _headed(response: HttpResponseBase, artifact: Artifact, etag: str) -> HttpResponseBase:
    name = artifact.name.rsplit("/", 1)[-1]
    # Kept by the caller, and asked after each time: an erasure may have put another file in its place.
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _bounds(match: re.Match[str], size: int) -> tuple[int, int] | None:
    """Return the first and last byte asked for, or None where they lie outside the file."""
    first, last = match.groups()
    if not first:
        length = int(last or 0)
        return (max(size - length, 0), size - 1) if length and size else None
    start, end = int(first), min(int(last), size - 1) if last else size - 1
    return (start, end) if start <= end and start < size else None


def _stretch(pieces: list[dict[str, Any]], first: int, last: int) -> Iterator[bytes]:
    """Yield the bytes from `first` to `last` of the file that is stored in these pieces."""
    begins = 0
    for piece in pieces:
        ends = begins + piece["bytes"]
        if first < ends and begins <= last:
            yield from _piece(piece["stored_as"], max(first - begins, 0), min(last, ends - 1) - begins)
        begins = ends


def _piece(stored_as: str, first: int, last: int) -> Iterator[bytes]:
    with storages["releases"].open(stored_as, "rb") as file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
