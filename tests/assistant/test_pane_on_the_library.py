"""The chat pane on the real library: real files, PostgreSQL, the vault, a scripted model, a pilot's keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static, TextArea

from mediavault_tui.assistant import azure
from mediavault_tui.bootstrap import open_vault
from mediavault_tui.domain.chat import SessionId
from mediavault_tui.services.vault import Vault
from mediavault_tui.settings import from_env
from mediavault_tui.store import asking
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.proposal import Proposed, Statement
from mediavault_tui.ui.screens.chat import ChatScreen
from mediavault_tui.ui.screens.duplicates import DuplicatesScreen
from mediavault_tui.ui.screens.inventory import InventoryScreen
from mediavault_tui.ui.screens.pending import PendingScreen
from mediavault_tui.ui.sessions import Sessions
from mediavault_tui.ui.turn import Answer, Note, Question, Step
from tests.assistant.azure_server import KEY, AzureServer, Script, azure_server
from tests.db.shelf import Shelf
from tests.ui.harness import NARROW, settle, until

BOMB = (
    "select count(*) as n from generate_series(1, 100000) a (x)"
    " join generate_series(1, 100000) b (y) on a.x <> b.y"
)
"""A statement that the parser lets through, and that would count for a quarter of an hour."""


@dataclass
class Library:
    """An app on a library of real files, and what the model will say next."""

    vault: Vault
    server: AzureServer
    shelf: Shelf
    names: dict[str, int] = field(default_factory=dict)

    def app(self) -> MediaVaultApp:
        async def door() -> Vault:
            return self.vault

        app = MediaVaultApp(door, log_dir=Path("/dev/null/logs"))
        app.animation_level = "none"
        return app


@pytest.fixture
async def library(database_url: str, tmp_path: Path, database: Any) -> AsyncIterator[Library]:
    azure._load()  # before any pane waits for it
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(azure_server())
        settings = from_env(
            {
                "DATABASE_URL": database_url,
                "MEDIAVAULT_DATA_DIR": str(tmp_path / "data"),
                "AZURE_OPENAI_KEY": KEY,
                "AZURE_OPENAI_ENDPOINT": server.url,
            }
        )
        vault = await stack.enter_async_context(open_vault(settings, who="ruth"))
        conn = await stack.enter_async_context(database.connection())
        await (await vault.chat()).agree()
        yield Library(vault, server, Shelf(conn, tmp_path / "library"))


async def into_chat(pilot: Pilot[Any]) -> ChatScreen:
    await settle(pilot)
    await pilot.press("5")
    await settle(pilot)
    assert isinstance(pilot.app.screen, ChatScreen)
    return pilot.app.screen


async def ask(pilot: Pilot[Any], words: str) -> None:
    line = pilot.app.screen.query_one("#question", Input)
    line.focus()
    line.value = words
    await pilot.press("enter")
    await settle(pilot)


async def written(pilot: Pilot[Any]) -> None:
    """Wait until what a person's key has begun is over."""
    async with asyncio.timeout(20):
        while any(w.group == "write" and not w.is_finished for w in pilot.app.workers):
            await pilot.pause()
            await asyncio.sleep(0.01)
    await settle(pilot)


def shown(pilot: Pilot[Any]) -> str:
    return "\n".join(str(widget.render()) for widget in pilot.app.screen.query("#talk Static"))


async def test_a_proposal_is_looked_through_staged_by_a_key_and_undone(library: Library) -> None:
    shelf = library.shelf
    keeper = await shelf.add("Heat (1995)/Heat (1995) 2160p.mkv", b"the better picture")
    worse = await shelf.add("downloads/Heat.1995.DVDRip.avi", b"the worse one")
    single = await shelf.add("Ran (1985)/Ran (1985).mkv", b"the only one")
    await shelf.group(keeper, worse)
    before = shelf.names()
    ids = [worse.id, keeper.id, single.id]
    library.server.will(
        Script(calls=[("propose_staging", {"file_ids": ids, "reason": "Old rips."})]), Script("Look.")
    )
    async with library.app().run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        await ask(pilot, "What may go?")
        assert shelf.names() == before
        assert "proposes 1 of 3 files" in screen.query_one(Step).words
        await pilot.press("escape", "p")
        await until(pilot, lambda: isinstance(pilot.app.screen, Proposed))
        await pilot.pause()
        assert isinstance(pilot.app.screen_stack[0], PendingScreen)
        dialog = pilot.app.screen
        assert "Old rips." in str(dialog.query_one("#reason", Static).render())
        rules = str(dialog.query_one("#rules", Static).render())
        assert "the other has the better picture" in rules
        assert "2160p.mkv" in rules
        await pilot.press("down")
        await pilot.pause()
        assert "forbid it: The rules keep this one" in str(dialog.query_one("#rules", Static).render())
        await pilot.press("enter", "space")  # neither the key that moves nor the one that marks does anything
        await settle(pilot)
        assert shelf.names() == before
        await pilot.press("y")
        await written(pilot)
        assert await shelf.state(worse.id) == "staged"
        assert [await shelf.state(id) for id in (keeper.id, single.id)] == ["present", "present"]
        assert not (shelf.root / "downloads/Heat.1995.DVDRip.avi").exists()
        await pilot.press("u")
        await written(pilot)
        assert shelf.names() == before
        assert await shelf.state(worse.id) == "present"


async def test_rows_open_where_files_and_groups_are_shown(library: Library) -> None:
    shelf = library.shelf
    keeper = await shelf.add("Odd names [/red] Heat (1995) [x265].mkv", b"one")
    worse = await shelf.add("downloads/Heat.1995.avi", b"two")
    other = await shelf.add("Ran (1985)/Ran (1985).mkv", b"three")
    group = await shelf.group(keeper, worse)
    async with library.app().run_test(size=NARROW) as pilot:
        await into_chat(pilot)
        await ask(pilot, "/sql select file_id, path from v_files order by file_id")
        await pilot.press("escape", "tab", "enter")
        await settle(pilot)
        inventory = pilot.app.screen
        assert isinstance(inventory, InventoryScreen)
        assert inventory.listing.current is not None
        assert inventory.listing.current.id == keeper.id
        await into_chat(pilot)
        await pilot.press("space", "down", "down", "space", "ctrl+o")
        await settle(pilot)
        assert isinstance(pilot.app.screen, InventoryScreen)
        assert pilot.app.screen.listing.marks == {keeper.id, other.id}
        await into_chat(pilot)
        await ask(pilot, "/sql select group_id, title from v_groups")
        await pilot.press("escape", "tab", "enter")
        await settle(pilot)
        duplicates = pilot.app.screen
        assert isinstance(duplicates, DuplicatesScreen)
        assert duplicates.has_class("-comparing")
        assert duplicates.listing.current is not None
        assert duplicates.listing.current.id == group


async def test_what_is_asked_without_the_model_is_kept_titled_resumed_and_never_sent(
    library: Library, tmp_path: Path
) -> None:
    await library.shelf.add("Heat (1995)/Heat (1995).mkv", b"one")
    chat = await library.vault.chat()
    async with library.app().run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        await ask(pilot, "/stats")
        await ask(pilot, "/find heat")
        await ask(pilot, "/sql select title from v_files")
        await pilot.press("escape", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, Statement))
        pilot.app.screen.query_one(TextArea).text = "select path from v_files"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: screen.query(Step).last().sql == "select path from v_files")
        await settle(pilot)
        await ask(pilot, "/sql drop table users")
        await ask(pilot, "/explain 1")
        library.server.will(Script("One film."))
        await ask(pilot, "How many films?")
        sent = [m["content"] for m in library.server.requests[0]["messages"] if m["role"] != "system"]
        assert sent == ["How many films?"]
        await ask(pilot, "/sent")
        assert "1 question;" in str(screen.query(Note).last().render())
        session = screen.session
        assert session is not None
        await ask(pilot, "/title Heat and nothing else")
        await pilot.press("escape", "n")
        await settle(pilot)
        assert not screen.query(Question)
        await pilot.press("escape", "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Sessions))
        await pilot.press(*"one film")
        await settle(pilot)
        await pilot.press("enter", "enter")
        await settle(pilot)
        assert screen.session == session
        told = shown(pilot)
        for words in (
            "› What is in the library?",
            "› /find heat",
            "1 row then",
            "Only SELECT",
            "points of 200",
        ):
            assert words in told
    messages = await chat.messages(session)
    commands = [m.content for m in messages if m.role == "command"]
    assert commands == [
        "What is in the library?",
        "/find heat",
        "/sql select title from v_files",
        "/sql select path from v_files",
        "/sql drop table users",
        "/explain 1",
    ]
    assert [len(m.rows_digest or "") for m in messages if m.role == "found"] == [64, 64, 64, 64, 0, 0]
    (listed,) = await chat.sessions("select path")
    assert (listed.title, listed.questions) == ("Heat and nothing else", 7)
    written = (await chat.save(session, listed.title, tmp_path)).read_text("utf-8")
    for words in ("# Heat and nothing else", "## /find heat", "```sql\nselect path from v_files\n-- 1 rows"):
        assert words in written


async def test_the_app_is_used_while_a_bomb_ticks_and_esc_ends_it(library: Library) -> None:
    """By order, not by the clock: all of it is done before the bomb is."""
    heat = await library.shelf.add("Heat (1995)/Heat (1995).mkv", b"one")
    async with library.app().run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        line = screen.query_one("#question", Input)
        line.value = f"/sql {BOMB}"
        await pilot.press("enter")
        await until(pilot, lambda: bool(screen.query(Step)))
        step = screen.query_one(Step)
        await pilot.press(*"hello")
        assert line.value == "hello"
        pilot.app.action_pane("inventory")
        await until(pilot, lambda: _shows(pilot, heat.id))
        pilot.app.action_pane("chat")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert step.waiting
        await pilot.press("escape")
        await settle(pilot)
        assert step.words.endswith("stopped")
        await ask(pilot, "/sql select 1 as one")
        assert screen.query(Step).last().rows.rows == ((1,),)


def _shows(pilot: Pilot[Any], file: int) -> bool:
    screen = pilot.app.screen
    current = screen.listing.current if isinstance(screen, InventoryScreen) else None
    return current is not None and current.id == file


async def test_a_bomb_that_nobody_stops_ends_by_itself(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "SERVER_TIMEOUT", 0.5)
    async with library.app().run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        library.server.will(Script(calls=[("query", {"sql": BOMB})]), Script("It takes too long."))
        await ask(pilot, "How many pairs?")
        step = screen.query_one(Step)
        assert "longer than 0.5 seconds" in str(step.query_one(".error", Static).render())
        assert "It takes too long." in screen.query_one(Answer).source


async def test_each_piece_is_painted_before_the_next_one_is_sent(library: Library) -> None:
    """How soon, by the clock, is a row of the bench (`bench/first_token.py`)."""
    words = ["Four ", "films ", "and ", "more."]
    turns: asyncio.Queue[None] = asyncio.Queue()
    library.server.will(Script("".join(words), piece=5, turns=turns))
    async with library.app().run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        screen.query_one("#question", Input).value = "Which?"
        await pilot.press("enter")
        turns.put_nowait(None)  # the role: nothing to be seen yet
        heard = ""
        for start in range(0, len("".join(words)), 5):
            heard += "".join(words)[start : start + 5]
            turns.put_nowait(None)
            await until(pilot, lambda heard=heard: heard.strip() in painted(screen))  # type: ignore[misc]  # bound now
            assert turns.empty()
        for _ in range(4):
            turns.put_nowait(None)
        await settle(pilot)
        assert screen.query_one(Answer).source == "Four films and more."


def painted(screen: ChatScreen) -> str:
    return "\n".join(strip.text for strip in screen._compositor.render_strips())


async def test_forgetting_takes_nothing_out_of_the_budget(library: Library) -> None:
    library.server.will(Script("Yes.", usage=(900, 100)))
    chat = await library.vault.chat()
    session = await chat.begin("Is it?")
    async for _ in chat.ask(session, "Is it?"):
        pass
    before = await chat.budget()
    assert before.spent == 1000
    await chat.forget(session)
    assert await chat.budget() == before
    assert await chat.messages(SessionId(session)) == []
