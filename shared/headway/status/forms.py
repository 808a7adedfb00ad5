"""Forms that pages send, bounded."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

_MOST_FIELDS = 20


async def form_of(request: Request, most: int) -> dict[str, str]:
    """The fields of an URL-encoded form; HTTPException 413 when it has more than `most` bytes,
    400 for what is none."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > most:
            raise HTTPException(413, f"At most {most:,} bytes are read.")
    try:
        text = b"".join(parts).decode()
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise HTTPException(400, "The form cannot be read.") from None
