"""How what is seen goes away: first its work, then its parts."""

from __future__ import annotations

from textual.message_pump import MessagePump
from textual.widget import Widget


class Leaving(MessagePump):
    """Put before a screen or widget that has workers: they end before its parts are taken away.

    Textual takes the parts first; a worker that went on between the two would look for one and
    find none, which is no bug of anybody's and would end the app as if it were.
    """

    async def _message_loop_exit(self) -> None:
        if isinstance(self, Widget):
            self.workers.cancel_node(self)
        await super()._message_loop_exit()
