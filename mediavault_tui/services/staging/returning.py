"""A restore's own rules: once the film is back, nothing takes it into the holding folder again.

Whoever moved it, this act or its owner by hand: the owner wants it there. A sidecar that cannot follow
stays held, and a sentence says so.
"""

from __future__ import annotations

import asyncio

from mediavault_tui.domain.holding import split
from mediavault_tui.domain.pathtext import display
from mediavault_tui.domain.staging import Act, ActState, Found, Held, Leg
from mediavault_tui.errors import (
    CrossVolume,
    MediaVaultError,
    SourceError,
    SourceMissing,
    SourceOffline,
    SourceTaken,
)
from mediavault_tui.services.staging.acts import Carrying
from mediavault_tui.store import acts, staging


class FilmIsBack(SourceError):
    """A restore cannot be called off any more."""


class Returning(Carrying):
    """Carries out restores that were begun."""

    async def carry_back(self, act: Act) -> list[SourceError]:
        """Carry the legs of a restore, the film first; return what to say of sidecars that stay held."""
        left: list[SourceError] = []
        for number, leg in enumerate(act.legs):
            try:
                if not await self.arrived(leg):  # by hand, perhaps
                    await self.carry(act, number)
            except SourceError as error:
                if number == 0:
                    raise
                left += left_held(leg, error)
            if number == 0:
                await acts.advance(self._conn, act.id, ActState.INTENDED, ActState.MOVED)
                self._tools.step("video moved")
        return left

    async def put_back(self, act: Act, error: MediaVaultError) -> None:
        """End a restore whose film is still held; what is out of the holding folder stays out of it.

        Raises: FilmIsBack, whoever moved it; the act stays open, to be finished by the next start.
        """
        act = await acts.act(self._conn, act.id)
        for number in range(len(act.legs)):
            await acts.still_owned(self._conn, act.id)
            await self._tools.mover.sweep(act, number)
            self._tools.step("leg left")
        # Last, because a server may be late with what a killed program asked of it.
        if await self._tools.mover.whereabouts(act.video) in (Found.DESTINATION, Found.BOTH):
            where = display(act.video.destination or b"")
            raise FilmIsBack(f"{where} is back, but {error}. The next start tries again")
        await self.close(act, ActState.UNDONE, str(error))

    async def record_restore(self, act: Act, staged: Held) -> None:
        """Write down that a file is back; correct the manifest that named it."""
        destination = act.video.destination
        assert destination is not None
        await self.strike_if_possible(split(act.video.source)[0], [act.video.source])
        found = await asyncio.to_thread(self._tools.source.stat, destination)

        async def work() -> None:
            await staging.finish_restores(self._conn, [(act, staged.id, found.stamp)])

        await acts.together(self._conn, work)
        self._tools.step("recorded")


def left_held(leg: Leg, error: SourceError) -> list[SourceError]:
    """Return what is to be said of a sidecar that cannot follow its film out of the holding folder.

    Nothing of one that somebody took away. Raises: the error, if the sidecar may follow yet.
    """
    if isinstance(error, SourceOffline | CrossVolume):
        raise error
    if isinstance(error, SourceMissing):
        return []
    in_use = isinstance(error, SourceTaken)
    why = f"{display(leg.destination or b'')} is in use" if in_use else str(error)
    return [SourceError(f"{display(leg.source)} stays in the holding folder: {why}")]
