"""Lines that begin with a slash and that the library answers itself: no language model, nothing sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from mediavault_tui.domain.asking import schema_text
from mediavault_tui.domain.chat import Found
from mediavault_tui.domain.model import FileId, GroupId
from mediavault_tui.errors import MediaVaultError, UsageError
from mediavault_tui.ui import answers, chat_words
from mediavault_tui.ui.chat_ports import Answers
from mediavault_tui.ui.talk import Talk, show_found
from mediavault_tui.ui.turn import Step

_LOOKING = {"find": "looking for a title"}


class Commands:
    """Carries them out in a conversation; what the library was asked is kept, with what came of it."""

    KNOWN = frozenset({"stats", "ready", "find", "sql", "explain", "views", "help"})

    def __init__(
        self,
        talk: Talk,
        asking: Callable[[], Awaitable[Answers]],
        keep: Callable[[str, Found], Awaitable[None]],
    ) -> None:
        """`keep` is given the line and what came of it, once it is on the screen."""
        self._talk = talk
        self._asking = asking
        self._keep = keep

    async def carry_out(self, command: str, rest: str, text: str) -> None:
        """Carry out one of `KNOWN`. Raises: MediaVaultError where nothing was looked up."""
        match command:
            case "views":
                await self._talk.asked(text)
                await self._talk.note(schema_text(await (await self._asking()).views()).split("\n"))
            case "help":
                await self._talk.asked(text)
                await self._talk.note(chat_words.help_lines())
            case "explain":
                await self._explain(rest, text)
            case "ready":
                await self._numbered(rest, text)
            case "stats":
                await self._look_up("stats", "stats", "What is in the library?")
            case _:
                await self._look_up(command, rest, text)

    async def ask_again(self, step: Step, sql: str) -> None:
        """Ask with an edited statement, in the place of the first one."""
        found = await self._found("sql", sql)
        await show_found(step, found)
        await self._keep(f"/sql {sql}", found)

    async def _numbered(self, rest: str, text: str) -> None:
        names = list((await self._asking()).questions().items())
        if rest.isdigit() and 1 <= int(rest) <= len(names):
            name, words = names[int(rest) - 1]
            await self._look_up("ready", name, words)
            return
        await self._talk.asked(text)
        await self._talk.note([f"/ready {n:<3} {words}" for n, (_, words) in enumerate(names, start=1)])

    async def _look_up(self, command: str, what: str, line: str) -> None:
        await self._talk.asked(line)
        words = _LOOKING.get(command, "asking the library")
        step = await self._talk.step(words, what if command == "sql" else None)
        found = await self._found(command, what)
        await show_found(step, found)
        await self._keep(line, found)

    async def _found(self, command: str, what: str) -> Found:
        asking = await self._asking()
        sql = what if command == "sql" else None
        try:
            if command == "find":
                return Found("", "find_title", rows=await asking.find(what))
            if command == "sql":
                return Found("", "query", sql=what, rows=await asking.sql(what))
            sql, rows = await asking.ready(what)
        except MediaVaultError as error:
            return Found("", command, sql=sql, error=str(error))
        return Found("", command, sql=sql, rows=rows)

    async def _explain(self, rest: str, text: str) -> None:
        await self._talk.asked(text)
        words = rest.split()
        number = words[-1] if words else ""
        if not number.isdecimal():
            raise UsageError("Say which: /explain 12 for a file, /explain group 3 for a group.")
        asking = await self._asking()
        try:
            if words[0] == "group":
                lines = answers.group_lines(await asking.explain_group(GroupId(int(number))))
            else:
                lines = answers.file_lines(await asking.explain_file(FileId(int(number))))
        except MediaVaultError as error:
            lines, found = [str(error)], Found("", "explain", error=str(error))
        else:
            found = Found("", "explain", text="\n".join(lines))
        await self._talk.note(lines, bad=bool(found.error))
        await self._keep(text, found)
