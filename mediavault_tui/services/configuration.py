"""The settings as they hold, whether the database and the programs answer, and what other rules would do."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mediavault_tui.domain.checks import Check
from mediavault_tui.domain.rehearsal import Rehearsal
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.probe import process
from mediavault_tui.probe.tools import Tool, find_tool
from mediavault_tui.services.rehearsal import rehearse
from mediavault_tui.settings import Entry, Settings, entries, with_changes, written
from mediavault_tui.store.about import about
from mediavault_tui.store.database import Database

_PATIENCE = 10.0
"""Seconds that a program may take to say its version."""


class Configuration:
    """What the Settings pane asks; it changes nothing."""

    def __init__(
        self, database: Database, settings: Settings, *, origins: Mapping[str, str], env_file: Path
    ) -> None:
        """`origins`: where each variable came from; `env_file`: where changes belong."""
        self._database = database
        self._settings = settings
        self._origins = origins
        self._env_file = env_file

    def settings(self) -> Sequence[Entry]:
        """Return every setting as it holds now; secrets only as "set"."""
        return entries(self._settings, self._origins)

    async def checks(self) -> Sequence[Check]:
        """Ask the database, ffmpeg and ffprobe, all at once; a failure is an answer too."""
        return await asyncio.gather(
            self._ask_database(),
            _ask_tool("ffmpeg", self._settings.ffmpeg),
            _ask_tool("ffprobe", self._settings.ffprobe),
        )

    async def rehearse(self, changes: Mapping[str, str]) -> Rehearsal:
        """Return what would be decided otherwise with these changes.

        Raises: ConfigError for a value that is none.
        """
        return await rehearse(self._database, self._settings, with_changes(self._settings, changes))

    def env_lines(self, changes: Mapping[str, str]) -> tuple[str, Sequence[str]]:
        """Return the path of the `.env`, and the lines to put there for these changes.

        Raises: ConfigError for a value that is none.
        """
        changed = with_changes(self._settings, changes)
        lines = [f"{variable}={_quoted(written(changed, variable))}" for variable in changes]
        return str(self._env_file), lines

    async def _ask_database(self) -> Check:
        start = time.perf_counter()
        try:
            async with self._database.connection() as conn:
                found = await about(conn)
        except MediaVaultError as error:
            return Check("database", False, str(error))
        milliseconds = (time.perf_counter() - start) * 1000
        whose = "embedded" if self._settings.database_url is None else "DATABASE_URL"
        vector = f"pgvector {found.vector}" if found.vector else "no pgvector"
        size = f"{found.bytes / 1e6:,.0f} MB"
        said = f"PostgreSQL {found.server}, {whose}, {vector}, {size}, answered in {milliseconds:.0f} ms"
        return Check("database", True, said)


async def _ask_tool(name: Tool, configured: str | None) -> Check:
    try:
        path = await asyncio.to_thread(find_tool, name, configured)
        finished = await process.run([path, "-version"], seconds=_PATIENCE)
    except MediaVaultError as error:
        return Check(name, False, str(error))
    first = finished.stdout.decode("utf-8", "replace").partition("\n")[0]
    if finished.code != 0 or not first:
        return Check(name, False, f"{path} -version ended with {finished.crashed or finished.code}")
    version = first.partition(" Copyright")[0].removeprefix(f"{name} ")
    return Check(name, True, f"{version}, {path}")


def _quoted(value: str) -> str:
    """Return a value as `.env` reads it back, quoted where it must be."""
    if re.fullmatch(r"[\w,./+-]*", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
