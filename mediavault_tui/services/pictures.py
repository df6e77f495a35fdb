"""Frames of films for Compare and the details, kept on disk so that a second look is free."""

from __future__ import annotations

import asyncio
import hashlib
import os
import zlib
from pathlib import Path

from mediavault_tui.domain.model import MediaFile
from mediavault_tui.domain.picture import Picture
from mediavault_tui.errors import SourceMissing
from mediavault_tui.probe.picture import Painter
from mediavault_tui.services.kept import Kept

_MOST = 64 << 20
"""Bytes of frames kept; some 3,000 of them."""


class Pictures:
    """Small frames, decoded once for each file, second and size."""

    def __init__(self, painter: Painter, folder: Path, *, most: int = _MOST) -> None:
        """`folder`: where frames are kept, up to `most` bytes; the oldest go first."""
        self._painter = painter
        self._kept = Kept(folder, most=most)

    async def frame(self, file: MediaFile, *, at: float, width: int, height: int) -> Picture:
        """Return the frame at `at` seconds, inside width × height pixels.

        Raises: SourceMissing if the file is not there; ProbeError, ToolMissing without a
            picture, with a sentence to show in its place.
        """
        key = await asyncio.to_thread(_key, file.raw_path, f"{at:.3f} {width} {height}")
        content = await asyncio.to_thread(self._kept.get, key)
        found = unpacked(content) if content is not None else None
        if found is None:
            hdr = file.info is not None and file.info.video is not None and bool(file.info.video.hdr)
            found = await self._painter.frame(file.raw_path, at=at, width=width, height=height, hdr=hdr)
            await asyncio.to_thread(self._kept.put, key, packed(found))
        return found


def _key(path: bytes, wanted: str) -> str:
    """Return what changes when the file does: its place on the disk, size and time."""
    try:
        now = os.stat(path)
    except OSError as error:
        raise SourceMissing(f"No picture: the file cannot be read ({error.strerror or error}).") from error
    stamp = f"{now.st_dev} {now.st_ino} {now.st_size} {now.st_mtime_ns} {wanted}"
    return hashlib.sha256(stamp.encode()).hexdigest()[:32]


def packed(picture: Picture) -> bytes:
    """Return a picture as it is kept."""
    return b"%d %d\n" % (picture.width, picture.height) + zlib.compress(picture.rgb)


def unpacked(content: bytes) -> Picture | None:
    """Read a picture that was kept; None unless it is whole."""
    size, _, rgb = content.partition(b"\n")
    try:
        width, height = map(int, size.split())
        return Picture(width, height, zlib.decompress(rgb))
    except (ValueError, zlib.error):
        return None
