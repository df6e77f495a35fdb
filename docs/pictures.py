"""`make pictures`: the README's pictures, taken of the real app on the demo library."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from textual.pilot import Pilot

from mediavault_tui import bootstrap
from mediavault_tui.probe.tools import find_tool
from mediavault_tui.services.demo.make import make
from mediavault_tui.services.vault import Vault
from mediavault_tui.settings import from_env
from mediavault_tui.ui.app import MediaVaultApp

HERE = Path(__file__).resolve().parent / "pictures"
FILMS = Path("/tmp/films")  # noqa: S108  made exclusively, removed afterwards
"""A short, plain path, because it is seen in the pictures."""
SIZE = (132, 38)
PICTURES: dict[str, Sequence[str]] = {
    "inventory": ("1",),
    "duplicates": ("2", "j", "enter"),
}
"""The keys that lead from each picture to the next."""


async def settle(pilot: Pilot[None]) -> None:
    """Wait until the screen has stopped changing."""
    before = ""
    for _ in range(100):
        await pilot.pause(0.1)
        now = pilot.app.export_screenshot(title="MediaVault")
        if now == before:
            return
        before = now


async def main() -> None:
    """Make the library, scan it, walk through the panes, keep what is seen."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        settings = from_env({"MEDIAVAULT_DATA_DIR": data})
        await make(FILMS, ffmpeg=find_tool("ffmpeg", None))
        async with bootstrap.open_database(settings) as database:
            async for _ in bootstrap.scanner(database, settings).scan([FILMS]):
                pass
        async with bootstrap.open_vault(settings, who="you") as vault:

            async def door() -> Vault:
                return vault

            app = MediaVaultApp(door, libraries=[FILMS], start=FILMS, log_dir=Path(data))
            async with app.run_test(size=SIZE) as pilot:
                for name, keys in PICTURES.items():
                    for key in keys:
                        await pilot.press(key)
                        await settle(pilot)
                    app.clear_notifications()
                    await settle(pilot)
                    picture = app.export_screenshot(title="MediaVault")
                    (HERE / f"{name}.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    if FILMS.exists():
        sys.exit(f"{FILMS} is there already; move it away, the pictures need that name")
    try:
        asyncio.run(main())
    finally:
        shutil.rmtree(FILMS, ignore_errors=True)
