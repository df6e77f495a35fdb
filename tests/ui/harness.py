"""The app on a fake library, and the one way to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.worker import Worker

from mediavault_tui.ui.app import MediaVaultApp
from tests.ui.fakes import NOW, FakeVault

NARROW = (80, 24)
WIDE = (160, 45)

_LASTING = ("_open", "_publish_soon", "_prepare")
"""Workers that last as long as the app, or wait on purpose."""


def app_on(vault: FakeVault | None = None, **options: Any) -> MediaVaultApp:
    """Return the app on a fake library, with a clock that stands still and nothing that moves by itself."""
    library = vault or FakeVault()

    async def door() -> FakeVault:
        return library

    app = MediaVaultApp(options.pop("door", door), log_dir=Path("/dev/null/logs"), now=lambda: NOW, **options)
    app.animation_level = "none"
    return app


def waiting(worker: Worker[Any]) -> bool:
    """Return whether a worker waits for a person: it has asked a question."""
    return worker.name in _LASTING or worker.group in ("write", "ask")


async def settle(pilot: Pilot[Any]) -> None:
    """Wait for messages and for every worker that ends by itself."""
    await pilot.pause()
    limit = asyncio.get_running_loop().time() + 10
    while busy := [w for w in pilot.app.workers if not w.is_finished and not waiting(w)]:
        assert asyncio.get_running_loop().time() < limit, busy
        await asyncio.wait({w._task for w in busy if w._task is not None}, timeout=1)
        await pilot.pause()
    await pilot.pause()


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Wait until something holds; the test's own time-out is the limit."""
    async with asyncio.timeout(5):
        while not holds():
            await pilot.pause()
            await asyncio.sleep(0.005)


def keys(*pressed: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Return what presses these keys one after another, each when the one before has had its effect."""

    async def press(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in pressed:
            await pilot.press(key)
            await settle(pilot)

    return press
