"""How a list comes by the rows that are seen: one page after another, never two at once."""

from __future__ import annotations

from typing import Any

from textual import on, work
from textual.message_pump import MessagePump

from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui.widgets.listing import Listing


class Feeding(MessagePump):
    """Put before a screen whose lists show windows on more rows than are here."""

    _feeding = False

    def starved(self, error: MediaVaultError) -> None:
        """Tell that rows could not be read."""
        raise NotImplementedError

    @on(Listing.Wanted)
    def _rows_wanted(self, message: Listing.Wanted) -> None:
        message.stop()
        if not self._feeding:
            self._feeding = True
            self._feed(message.listing)

    @work(group="feed")
    async def _feed(self, listing: Listing[Any]) -> None:
        """Bring the rows that are seen, until none is missing: the cursor moves meanwhile.

        One at a time and never cancelled: a held key would cancel every page before it came.
        """
        try:
            await self._bring(listing)
        except MediaVaultError as error:
            self.starved(error)
        finally:
            self._feeding = False

    async def _bring(self, listing: Listing[Any]) -> None:
        before = None
        while (span := listing.missing) is not None and span != before:
            await listing.window.load(*span)
            listing.arrived()
            before = span
