"""A pane that holds one session of the chat at a time: titled, resumed, exported, forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from textual import work
from textual.signal import Signal
from textual.worker import Worker, get_current_worker

from mediavault_tui.domain.chat import ChatMessage, Found, SessionId
from mediavault_tui.errors import MediaVaultError
from mediavault_tui.ui.chat_ports import ChatServices, Conversation
from mediavault_tui.ui.pane import Pane
from mediavault_tui.ui.talk import Talk


class SessionPane(Pane[ChatServices]):
    """Its conversation is a `Talk`; what is asked in it without the model is kept too."""

    def __init__(
        self,
        opened: Callable[[], Awaitable[ChatServices]],
        changed: Signal[str],
        *,
        read_only: bool = False,
    ) -> None:
        super().__init__(opened, changed, read_only=read_only)
        self.session: SessionId | None = None
        self._title = ""
        self._answering: Worker[None] | None = None

    @property
    def _busy(self) -> bool:
        return self._answering is not None and not self._answering.is_finished

    @property
    def _talk(self) -> Talk:
        return self.query_one(Talk)

    def tell_state(self) -> None:
        """Show what the session is called and how it stands."""
        raise NotImplementedError

    def action_write(self) -> None:
        """Go to the line."""
        raise NotImplementedError

    async def _chat(self) -> Conversation:
        return await (await self.opened()).chat()

    async def _keep(self, line: str, found: Found) -> None:
        """Keep what the library was asked without the model; the first line begins a session."""
        session = await (await self._chat()).note(self.session, line, found)
        if self.session is None:
            self.session, self._title = session, line

    @work(group="ask")
    async def action_sessions(self, words: str = "") -> None:
        """Offer earlier sessions and show the chosen one as it was."""
        from mediavault_tui.ui.sessions import Sessions

        try:
            chat = await self._chat()
            chosen = await self.app.push_screen_wait(Sessions(chat.sessions, words))
            if chosen is not None:
                await self._resume(chosen.id, chosen.title, await chat.messages(chosen.id))
        except MediaVaultError as error:
            self.complain("The sessions could not be read", error)

    async def _resume(self, session: SessionId, title: str, messages: Sequence[ChatMessage]) -> None:
        await self._begin_anew()
        self.session, self._title = session, title
        await self._talk.retell(messages)
        self.tell_state()

    async def _retitle(self, title: str) -> None:
        if self.session is None or not title:
            self.say("/title and words give the session another title, once something was asked in it.")
            return
        await (await self._chat()).rename(self.session, title)
        self._title = title

    @work(group="answer")
    async def action_new(self) -> None:
        await self._begin_anew()

    async def _begin_anew(self) -> None:
        if self._busy and self._answering is not None and self._answering is not get_current_worker():
            self._answering.cancel()  # what comes yet belongs to the session that is left
        self.session, self._title = None, ""
        await self._talk.clear()
        self.action_write()
        self.tell_state()

    @work(group="export")
    async def action_export(self, folder: str = "") -> None:
        if self.session is None:
            self.say("Nothing was asked in this session yet.")
            return
        try:
            chat = await self._chat()
            path = await chat.save(self.session, self._title, Path(folder or "."))
        except MediaVaultError as error:
            self.complain("The session was not written", error)
            return
        self.say(f"Written: {path}")

    @work(group="ask")
    async def _forget(self) -> None:
        from mediavault_tui.ui.dialogs import Confirm

        if self.session is None:
            self.say("Nothing of this session is kept yet.")
            return
        lines = [
            "All that was asked and answered in it is deleted from the database.",
            "The tokens that it used today stay counted.",
        ]
        if await self.app.push_screen_wait(Confirm("Forget this session?", lines, yes="forget it")):
            try:
                await (await self._chat()).forget(self.session)
            except MediaVaultError as error:
                self.complain("It was not forgotten", error)
                return
            await self._begin_anew()
