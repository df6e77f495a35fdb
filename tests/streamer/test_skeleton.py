"""The sidecar starts, says what it is, and guards every answer."""

from __future__ import annotations

from tests.streamer.conftest import Sidecar


async def test_it_is_alive(sidecar: Sidecar) -> None:
    answer = await sidecar.http.get("/health/live")
    assert answer.status == 200
    assert await answer.json() == {"status": "live"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
