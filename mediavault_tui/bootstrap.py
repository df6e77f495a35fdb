"""The one place that builds real things and closes them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from dotenv import dotenv_values, find_dotenv

from mediavault_tui import settings as settings_module
from mediavault_tui.errors import ConfigError
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database
from mediavault_tui.store.embedded import serve
from mediavault_tui.store.migrate import migrate


def load_settings() -> Settings:
    """Read `.env` of the working folder (or above) under the real environment.

    Raises: ConfigError, also for a `.env` that is no readable text.
    """
    found = find_dotenv(usecwd=True)
    try:
        file = {k: v for k, v in dotenv_values(found).items() if v is not None} if found else {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{found} cannot be read as settings ({error}); correct or remove it") from error
    return settings_module.from_env({**file, **os.environ})


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
