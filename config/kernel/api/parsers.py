"""JSON bodies, bounded: nothing that anybody sends is read into memory without a limit."""

import io
from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.parsers import JSONParser

LARGEST_BODY = 1024**2


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = f"The body is larger than {LARGEST_BODY // 1024} KB; send less."


class BoundedJSONParser(JSONParser):
    """JSON of at most LARGEST_BODY bytes, however it is sent."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        content = stream.read(LARGEST_BODY + 1)
        if len(content) > LARGEST_BODY:
            raise TooLarge
        return super().parse(io.BytesIO(content), media_type, parser_context)
