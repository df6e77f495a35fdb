"""Subtitles that lie beside a film, found in its folder and read for its pages."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.streaming import ServedFile
from mediavault_tui.domain.subtitles import LARGEST, Beside, beside, decoded
from mediavault_tui.errors import SourceChanged, SourceError
from mediavault_tui.sources.base import Source
from mediavault_tui.sources.local.beneath import open_beneath
from mediavault_tui.sources.local.source import LocalSource
from streamer.files import at_source, file_of
from streamer.state import state

log = logging.getLogger("mediavault.watch")


async def found(request: web.Request, file: FileId) -> tuple[Beside, ...]:
    """Return the subtitles beside a film; none where its folder cannot be listed."""
    served = await file_of(request, file)

    def look(source: Source) -> tuple[Beside, ...]:
        return beside(served.name, source.names_in(_folder(served)))

    try:
        return await at_source(state(request), served, look)
    except SourceError as error:
        log.warning("subtitles beside file %s: %s", file, error)
        return ()


async def text_of(request: web.Request, file: FileId, wanted: Beside) -> str:
    """Return what a file of subtitles says. Raises: SourceError."""
    served = await file_of(request, file)
    raw = await at_source(state(request), served, lambda source: _read(source, served, wanted.name))
    return decoded(raw, wanted.language)


@contextmanager
def as_file(text: str) -> Iterator[int]:
    """Yield the descriptor of a nameless file that holds the text in UTF-8, for a program to read."""
    with tempfile.TemporaryFile() as file:
        file.write(text.encode("utf-8", "replace"))
        file.seek(0)
        yield file.fileno()


def _folder(served: ServedFile) -> bytes:
    return served.raw_path.rpartition(b"/")[0] or b"/"


def _read(source: Source, served: ServedFile, name: bytes) -> bytes:
    """Read a whole small file beside a film, following no link out of its folder."""
    path = _folder(served) + b"/" + name
    local = isinstance(source, LocalSource)
    with open_beneath(served.folder, path) if local else source.open(path) as reader:
        size = reader.stamp().size
        if size > LARGEST:
            raise SourceChanged(f"a file of {size} bytes holds no subtitles")
        kept, at = memoryview(bytearray(size)), 0
        while at < size and (count := reader.read_into(at, kept[at:])):
            at += count
        return bytes(kept[:at])
