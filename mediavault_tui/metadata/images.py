"""Posters from TMDb's images host: public files, asked for without any key and outside the API's limit.

What comes is data from outside: its size is bounded before it is decoded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mediavault_tui.domain.picture import Picture
from mediavault_tui.errors import ServiceDown, ServiceRefused

if TYPE_CHECKING:
    import httpx

_NAME = re.compile(r"/[A-Za-z0-9_-]{1,80}\.(?:jpg|png|webp)")
_WIDTH = "w342"
"""TMDb's name of the width that is asked for: enough for any terminal, some 30 kB."""
_MOST = 4 << 20
"""Bytes of a poster."""
_PIXELS = 4_000_000


class Images:
    """Asks the images host; use `close` at the end."""

    def __init__(self, base_url: str, *, timeout: float = 8.0) -> None:
        import httpx  # when the first poster is looked at, not before

        self._http = httpx
        self._client: httpx.AsyncClient = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/", http2=True, timeout=timeout, follow_redirects=False
        )

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()

    async def poster(self, name: str) -> bytes:
        """Return a poster by TMDb's name of it ("/abc.jpg"), as it came.

        Raises: ServiceDown if the host is away; ServiceRefused if it has no such picture.
        """
        if _NAME.fullmatch(name) is None:
            raise ServiceRefused(f"{name!r} is no picture of TMDb's")
        try:
            async with self._client.stream("GET", _WIDTH + name) as answer:
                if answer.status_code != 200:
                    raise ServiceRefused(f"TMDb's images have no {name} ({answer.status_code})")
                content = bytearray()
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > _MOST:
                        raise ServiceRefused(f"TMDb's picture {name} is larger than {_MOST} bytes")
                return bytes(content)
        except (self._http.HTTPError, self._http.InvalidURL) as error:
            raise ServiceDown(f"TMDb's images cannot be reached ({type(error).__name__})") from error


def drawn(content: bytes, width: int, height: int) -> Picture:
    """Return a poster as large as fits into width × height pixels. Raises: ServiceRefused if it is none."""
    import io
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a picture that is a bomb is only warned of
            image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
            if image.width * image.height > _PIXELS:
                raise ServiceRefused(f"the poster has {image.width}×{image.height} pixels")
            image.draft("RGB", (width, height))
            small = image.convert("RGB")
            small.thumbnail((width, height), Image.Resampling.LANCZOS)
            return Picture(small.width, small.height, small.tobytes())
    except (OSError, ValueError, SyntaxError, Warning) as error:
        raise ServiceRefused("TMDb's poster is no picture that can be drawn") from error
