"""The app on a fake library, and the one way to wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import textual.app
import textual.pilot
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.worker import Worker

from mediavault_tui.ui.app import MediaVaultApp
from tests.ui.fakes import NOW, FakeVault

NARROW = (80, 24)
WIDE = (160, 45)

_LASTING = ("_open", "_publish_soon", "_prepare")
"""Workers that last as long as the app, or wait on purpose."""


_SOON = 0.02
"""Seconds: a timer that is due within them belongs to what was just done."""


async def nothing_left(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until the loop has no callback to run and no timer that is due soon.

    Stands in for Textual's own wait, which sleeps 20 ms at a time until the process has used less than
    one: on a busy machine that is never true, and a key costs its second whole.
    """
    loop: Any = asyncio.get_running_loop()
    ends = loop.time() + max_sleep
    starts = loop.time() + min_sleep
    while loop.time() < ends:
        await asyncio.sleep(0)  # one round: what is ready runs, and the selector is asked
        if loop._ready:
            continue
        due = [timer.when() for timer in loop._scheduled if not timer.cancelled()]
        wait = max(min(due, default=ends) - loop.time(), 0.0)
        if wait <= _SOON:
            await asyncio.sleep(wait)
        elif (left := starts - loop.time()) > 0:
            await asyncio.sleep(left)
        else:
            return


textual.app.wait_for_idle = textual.pilot.wait_for_idle = nothing_left


_parsed: dict[tuple[Any, ...], list[RuleSet]] = {}
_parse = Stylesheet._parse_rules


def _parse_once(sheet: Stylesheet, css: str, read_from: Any, *others: Any, **named: Any) -> list[RuleSet]:
    """Parse a style sheet once a process instead of several times an app: a fifth of a test's work."""
    key = (css, read_from, others, *sorted(named.items()), frozenset(sheet._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse(sheet, css, read_from, *others, **named)
    return _parsed[key]


Stylesheet._parse_rules = _parse_once  # type: ignore[method-assign]


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
    """Wait until something holds, on a screen that has its parts; the test's own time-out is the limit."""
    async with asyncio.timeout(20):
        while not (pilot.app.screen.is_mounted and holds()):
            await pilot.pause()
            await asyncio.sleep(0.005)


def shown(app: App[Any]) -> str:
    """Return what stands on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def keys(*pressed: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Return what presses these keys one after another, each when the one before has had its effect."""

    async def press(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        for key in pressed:
            await pilot.press(key)
            await settle(pilot)

    return press
