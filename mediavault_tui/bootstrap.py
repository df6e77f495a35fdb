"""The one place that builds real things and closes them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values, find_dotenv

from mediavault_tui import settings as settings_module
from mediavault_tui.errors import ConfigError
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.migrate import migrate

if TYPE_CHECKING:
    from mediavault_tui.probe.ffprobe import Prober
    from mediavault_tui.services.configuration import Configuration
    from mediavault_tui.services.dedupe import Dedupe
    from mediavault_tui.services.library import Library
    from mediavault_tui.services.scan import Scanner
    from mediavault_tui.services.stage import Stage
    from mediavault_tui.services.vault import Vault


def load_settings() -> Settings:
    """Read `.env` of the working folder (or above) under the real environment.

    Raises: ConfigError, also for a `.env` that is no readable text.
    """
    _, file = _env_file()
    return settings_module.from_env({**file, **os.environ})


def _env_file() -> tuple[str, dict[str, str]]:
    """Return the path of `.env`, empty if there is none, and what stands in it."""
    found = find_dotenv(usecwd=True)
    try:
        return found, {k: v for k, v in dotenv_values(found).items() if v is not None} if found else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{found} cannot be read as settings ({error}); correct or remove it") from error


def origins(settings: Settings) -> dict[str, str]:
    """Return where each variable's value came from, but for those that have their default."""
    path, file = _env_file()
    loaded = settings_module.from_env({**file, **os.environ})
    came: dict[str, str] = {}
    for setting in fields(Settings):
        variable = setting.metadata["variable"]
        if getattr(settings, setting.name) != getattr(loaded, setting.name):
            came[variable] = "this run"
        elif {**file, **os.environ}.get(variable, "").strip():
            came[variable] = "environment" if variable in os.environ else path
    return came


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Yield the migrated database: DATABASE_URL's, else the embedded server's."""
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            url = settings.database_url.reveal()
        else:
            url = await stack.enter_async_context(serve(settings.data_dir, pg_bin=settings.pg_bin))
        await migrate(url)
        database = await Database.connect(url)
        stack.push_async_callback(database.close)
        yield database


def library(database: Database) -> Library:
    """Build the reader of the inventory; light, for the first rows wait for it."""
    from mediavault_tui.services.library import Library

    return Library(database)


def dedupe(database: Database, settings: Settings) -> Dedupe:
    """Build the finder of groups with the user's languages and thresholds."""
    from mediavault_tui.services.dedupe import Dedupe
    from mediavault_tui.services.rehearsal import policy_of

    return Dedupe(database, policy_of(settings), threshold=settings.fuzzy_match_threshold)


def configuration(database: Database, settings: Settings) -> Configuration:
    """Build what tells of the settings, tests the tools, and rehearses other rules."""
    from mediavault_tui.services.configuration import Configuration

    path, _ = _env_file()
    return Configuration(
        database, settings, origins=origins(settings), env_file=Path(path) if path else Path.cwd() / ".env"
    )


def stage(database: Database, settings: Settings) -> Stage:
    """Build the mover of files, with what it may not touch."""
    from mediavault_tui.services.stage import Stage
    from mediavault_tui.sources.local import LocalSource

    return Stage(
        database,
        LocalSource(),
        staging_path=settings.staging_path,
        protected=settings.protected,
        read_only=settings.read_only,
    )


def scanner(
    database: Database,
    settings: Settings,
    *,
    probe: bool = True,
    match: bool = True,
    readers: int | None = None,
) -> Scanner:
    """Build the scanner; with `match` its groups are found anew at the end of every scan.

    Raises: ToolMissing without ffprobe and ffmpeg, unless `probe` is off.
    """
    from mediavault_tui.services.scan import Scanner
    from mediavault_tui.sources.local import LocalSource

    return Scanner(
        database,
        LocalSource(),
        _prober(settings) if probe else None,
        readers=readers or settings.readers,
        staging_path=settings.staging_path,
        protected=settings.protected,
        dedupe=dedupe(database, settings).refresh if match else None,
    )


def _prober(settings: Settings) -> Prober:
    from mediavault_tui.probe.ffprobe import Prober
    from mediavault_tui.probe.tools import find_tool

    return Prober(
        ffprobe=find_tool("ffprobe", settings.ffprobe),
        ffmpeg=find_tool("ffmpeg", settings.ffmpeg),
        workers=max(2, os.cpu_count() or 2),
    )


@asynccontextmanager
async def open_vault(settings: Settings, *, who: str) -> AsyncIterator[Vault]:
    """Yield the library as the app sees it: the database open, every service built at its first use."""
    from mediavault_tui.services.vault import Lazy, Services, Vault

    async with open_database(settings) as database:
        services = Services(
            library=Lazy(partial(library, database)),
            dedupe=Lazy(partial(dedupe, database, settings)),
            stage=Lazy(partial(stage, database, settings)),
            scanner=Lazy(partial(scanner, database, settings)),
            configuration=Lazy(partial(configuration, database, settings)),
        )
        yield Vault(
            services,
            who=who,
            read_only=settings.read_only,
            listen=lambda heard: database.listen("mediavault", heard),
        )
