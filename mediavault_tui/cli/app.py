"""`mediavault app [PATH…]`: open the terminal app, by default on the library as it is."""

from __future__ import annotations

import argparse
import asyncio
import gc
import getpass
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mediavault_tui.cli.spelled import is_folder, of_a_share
from mediavault_tui.errors import ConfigError, MediaVaultError, UsageError

_SETTLED = 2.0
"""Seconds after which the app surely stands, and its memory is looked through for what may go."""

if TYPE_CHECKING:
    from mediavault_tui.services.vault import Vault
    from mediavault_tui.settings import Settings
    from mediavault_tui.ui.app import MediaVaultApp


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mediavault app`."""
    parser.epilog = "Exit code 1: the app could not open the library, or ended by a fault."
    parser.add_argument(
        "path",
        nargs="*",
        help="folders to open, here or on a share; those never scanned are scanned at once",
    )
    parser.add_argument("--read-only", action="store_true", help="look, but stage, restore and purge nothing")


def run(args: argparse.Namespace) -> int:
    """Open the app; return its exit code."""
    from mediavault_tui.bootstrap import load_settings

    settings = load_settings()
    if args.read_only:
        settings = replace(settings, read_only=True)
    return open_app(args.path, settings=settings)


def open_app(libraries: Sequence[Path | str], *, demo: bool = False, settings: Settings | None = None) -> int:
    """Run the app on `libraries` until the user leaves; return the exit code.

    `demo` says so in the title, and lets nothing be scanned but `libraries`.
    Raises: UsageError for a library that is no folder.
    """
    if settings is None:
        from mediavault_tui.bootstrap import load_settings

        settings = load_settings()
    gc.disable()  # nothing that the start makes is garbage, and looking for it takes a tenth of the time
    return asyncio.run(_run([_folder(word) for word in map(str, libraries)], settings, demo=demo))


def _folder(word: str) -> Path | str:
    """Return a folder of this machine; what may be a share's stays as it was written."""
    folder = Path(os.path.abspath(Path(word).expanduser()))
    try:
        if is_folder(str(folder)):
            return folder.resolve()
    except UsageError:
        return folder  # the app itself says so, and tries again when it is mounted anew
    if of_a_share(word):
        return word
    raise UsageError(f"{folder} is no folder; give one that holds videos")


class _Door:
    """Holds the library open in a task of its own, so that it opens while the app is imported.

    It opens only while every folder of this machine that was named answers.
    """

    def __init__(self, settings: Settings, folders: Sequence[Path] = (), *, only: bool = False) -> None:
        """`only`: nothing but these folders may be scanned."""
        self._settings = settings
        self._folders = folders
        self._only = only
        self._leave = asyncio.Event()
        self._told = False
        self._opening = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold())

    async def __call__(self) -> Vault:
        """Return the library; after a failure that was told, try again."""
        if self._told and self._task.done():
            self._opening = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._hold())
        self._told = True
        vault: Vault = await asyncio.shield(self._opening)
        return vault

    async def close(self) -> None:
        """Let go of the library and wait until it is closed."""
        self._leave.set()
        if not self._opening.done():
            self._task.cancel()
        elif not self._told:
            self._opening.exception()  # nobody wants to know any more
        await asyncio.gather(self._task, return_exceptions=True)

    async def _hold(self) -> None:
        from mediavault_tui.bootstrap import open_vault

        opening = self._opening
        try:
            for folder in self._folders:
                await asyncio.to_thread(is_folder, str(folder))
            within = self._folders if self._only else None
            async with open_vault(self._settings, who=getpass.getuser(), within=within) as vault:
                opening.set_result(vault)
                await self._leave.wait()
        except MediaVaultError as error:
            if opening.done():
                raise
            opening.set_exception(error)


def _collect() -> None:
    """Look for garbage from now on, but not among what the app is made of."""
    gc.freeze()
    gc.enable()


async def _run(words: Sequence[Path | str], settings: Settings, *, demo: bool) -> int:
    asyncio.get_running_loop().call_later(_SETTLED, _collect)
    door = _Door(settings, [word for word in words if isinstance(word, Path)], only=demo)
    try:
        # Only the database knows the shares; who names none of them does not wait for it.
        folders = [word if isinstance(word, Path) else (await door()).located(word) for word in words]
        # The server starts while the app's modules are read; neither waits for the other.
        app = await asyncio.to_thread(built, door, folders, settings)
        if demo:
            app.sub_title = "demo"
        await app.run_async()
        return app.return_code or 0
    finally:
        await door.close()


def built(door: Callable[[], Awaitable[Vault]], folders: Sequence[Path], settings: Settings) -> MediaVaultApp:
    """Return the app as the settings want it. Raises: ConfigError for a key or a theme that there is not."""
    from mediavault_tui.ui import graphics
    from mediavault_tui.ui.app import MediaVaultApp
    from mediavault_tui.ui.widgets.picture import PictureBox

    if (found := graphics.detect(settings.graphics, os.environ)) is not None:
        PictureBox.finer = graphics.image_widget(found), found.cell
    remapped = {}
    if settings.keys:
        from mediavault_tui.ui import keymap

        remapped = keymap.read(settings.keys, MediaVaultApp)
    app = MediaVaultApp(
        door,
        libraries=folders,
        read_only=settings.read_only,
        remapped=remapped,
        log_dir=settings.data_dir / "logs",
    )
    if settings.theme is not None:
        if settings.theme not in app.available_themes:
            raise ConfigError(
                f"MEDIAVAULT_THEME: there is no theme {settings.theme!r}; there are "
                + ", ".join(app.available_themes)
            )
        app.theme = settings.theme
    return app
