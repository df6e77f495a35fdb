"""Whether the sidecar is well, what it counts, and what changes in the library."""

from __future__ import annotations

from aiohttp import web


async def live(_request: web.Request) -> web.Response:
    """Answer that the process is alive; asks nothing of anybody."""
    return web.json_response({"status": "live"})


def add_routes(app: web.Application) -> None:
    """Add `/health`, `/metrics`, `/ws/`."""
    app.router.add_get("/health/live", live)
