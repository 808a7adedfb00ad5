"""Bodies of requests, bounded, and forms in either of the encodings that RFC 8058 allows."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

_MOST_FIELDS = 50
Form = list[tuple[str, str]]


async def body_of(request: Request, most: int) -> bytes:
    """The body; HTTPException 413 when it is larger than `most` bytes."""
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > most:
            raise HTTPException(413, f"At most {most} bytes are read.")
    return b"".join(parts)


async def form_of(request: Request, most: int) -> Form:
    """The fields of a form; HTTPException 400 for what is none."""
    body = await body_of(request, most)
    try:
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return await _multipart(request, body)
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except (MultiPartException, ValueError, KeyError):
        raise HTTPException(400, "The form cannot be read.") from None


async def _multipart(request: Request, body: bytes) -> Form:
    async def stream() -> AsyncIterator[bytes]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=0, max_fields=_MOST_FIELDS)  # type: ignore[arg-type]
    fields = (await parser.parse()).multi_items()
    return [(name, value) for name, value in fields if isinstance(value, str)]
