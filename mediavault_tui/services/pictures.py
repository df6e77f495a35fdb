"""Frames of films for Compare and the details, kept on disk so that a second look is free."""

from __future__ import annotations

import asyncio
import hashlib
import os
import zlib
from pathlib import Path

from mediavault_tui.domain.model import FileStamp, MediaFile
from mediavault_tui.domain.paths import LOCAL
from mediavault_tui.domain.picture import Curve, Picture, curve_of
from mediavault_tui.errors import ProbeError, SourceError, SourceMissing
from mediavault_tui.probe.picture import Painter
from mediavault_tui.services.bridged import bridged
from mediavault_tui.services.kept import Kept
from mediavault_tui.sources.places import Places

_MOST = 64 << 20
"""Bytes of frames kept; some 3,000 of them."""
_MOST_FAR = 64_000_000
"""Bytes of a film on a share that one frame may cost: its head, its index, and ten seconds of 40 Mb/s."""
_AT_ONCE_FAR = 2
"""Films of a share that are open for frames."""


class Pictures:
    """Small frames, decoded once for each file, second and size."""

    def __init__(
        self, painter: Painter, folder: Path, *, places: Places | None = None, most: int = _MOST
    ) -> None:
        """`folder`: where frames are kept, up to `most` bytes; the oldest go first."""
        self._painter = painter
        self._places = places or Places()
        self._kept = Kept(folder, most=most)
        self._turns = asyncio.Semaphore(_AT_ONCE_FAR)

    async def frame(self, file: MediaFile, *, at: float, width: int, height: int) -> Picture:
        """Return the frame at `at` seconds, inside width × height pixels.

        Of a film on a share it is read by ranges; one that is kept is shown even while the server is away.
        Raises: SourceMissing if the file is not there; ProbeError, ToolMissing without a
            picture, with a sentence to show in its place; SourceError from a share.
        """
        curve = curve_of(file.info.video) if file.info is not None else None
        stamp = file.stamp if file.source != LOCAL else await asyncio.to_thread(_look, file.raw_path)
        key = _key(file.source, stamp, f"{at:.3f} {width} {height} {curve}")
        content = await asyncio.to_thread(self._kept.get, key)
        found = unpacked(content) if content is not None else None
        if found is None:
            if file.source == LOCAL:
                paint = self._painter.frame
                found = await paint(file.raw_path, at=at, width=width, height=height, curve=curve)
            else:
                async with self._turns:
                    found = await self._far(file, at=at, width=width, height=height, curve=curve)
            await asyncio.to_thread(self._kept.put, key, packed(found))
        return found

    async def _far(
        self, file: MediaFile, *, at: float, width: int, height: int, curve: Curve | None
    ) -> Picture:
        """Return a frame of a film on a share, through a bridge."""
        source = await asyncio.to_thread(self._places.source, file.source)
        async with bridged(source, file.raw_path, most=_MOST_FAR) as bridge:
            try:
                address = bridge.address.encode()
                return await self._painter.frame(address, at=at, width=width, height=height, curve=curve)
            except ProbeError:
                if bridge.error is not None:  # that the film is damaged would not be true
                    raise SourceError(f"No picture: {bridge.error}.") from bridge.error
                raise


def _look(path: bytes) -> FileStamp:
    try:
        now = os.stat(path)
    except OSError as error:
        raise SourceMissing(f"No picture: the file cannot be read ({error.strerror or error}).") from error
    return FileStamp(now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)


def _key(source: str, stamp: FileStamp, wanted: str) -> str:
    """Return what changes when the file does: its place on the disk, size and time."""
    place = "" if source == LOCAL else f"{source} "
    whole = f"{place}{stamp.device} {stamp.inode} {stamp.size} {stamp.modified_ns} {wanted}"
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


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
