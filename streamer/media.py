"""The bytes of a file, and what is known of it."""

from __future__ import annotations

from aiohttp import web

from mediavault_tui.domain.model import FileId
from mediavault_tui.domain.streaming import ServedFile
from mediavault_tui.store.streaming import served_file
from streamer.state import state


def file_id(request: web.Request, name: str = "file_id") -> FileId:
    """Return the file id of the path; the route's pattern lets only digits through."""
    number = int(request.match_info[name])
    if number >= 2**63:
        raise web.HTTPNotFound
    return FileId(number)


async def file_of(request: web.Request, file: FileId) -> ServedFile:
    """Return where a file's bytes are. Ask `auth.allowed` first. Raises: HTTPNotFound; DatabaseError."""
    sidecar = state(request)

    async def ask() -> ServedFile | None:
        async with sidecar.database.connection() as conn:
            return await served_file(conn, file)

    found = await sidecar.files.get(file, ask)
    if found is None:
        raise web.HTTPNotFound(text="There is no such file")
    return found


def add_routes(app: web.Application) -> None:
    """Add `/api/media…`."""
