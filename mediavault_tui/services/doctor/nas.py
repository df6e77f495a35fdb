"""What a look over the installation asks of each NAS: a real login, the share, every folder that is set."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

from mediavault_tui.domain.checks import Check
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.services.doctor.machine import PATIENCE, aside, ill, well
from mediavault_tui.settings import Settings
from mediavault_tui.store.database import Database


async def shares(settings: Settings, database: Database) -> AsyncIterator[Check]:
    """Yield what `mediavault nas test` finds of every share in use; nothing is written to any."""
    from mediavault_tui.services.nas.shares import Nas  # what speaks SMB takes a while to load

    nas = Nas(database, settings)
    try:
        try:
            await nas.load()
        except MediaVaultError as error:
            yield ill("NAS", str(error), "correct it in .env, or see `mediavault nas list`")
            return
        if not nas.enabled:
            yield aside("NAS", "none is set up: NAS_HOST, or `mediavault nas add`")
        for share in nas.enabled:
            if share.problem:
                remedy = "set NAS_SMB_USERNAME and NAS_SMB_PASSWORD, or enter it again: `mediavault nas add`"
                yield ill(f"NAS {share.name}", share.problem, remedy)
                continue
            for check in await nas.test(share):
                yield replace(check, what=f"NAS {share.name}: {check.what}")
    finally:
        nas.close()


async def answers(settings: Settings) -> Check:
    """Say whether the NAS of the environment is there: all that can be said without the database."""
    if settings.nas_host is None:
        return aside("NAS", "NAS_HOST is not set")
    host, port = settings.nas_host, settings.nas_port

    def knock() -> None:
        socket.create_connection((host, port), timeout=PATIENCE).close()

    try:
        await asyncio.to_thread(knock)
    except OSError as error:
        return ill("NAS", f"{host} port {port}: {error.strerror or error}", "is it on, and NAS_HOST right?")
    return well("NAS", f"{host} answers on port {port}; its folders are looked at once the database is well")
