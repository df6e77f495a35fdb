"""The chat pane by its keys, on a fake conversation; what it shows is looked at in the snapshots."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input, Static, TextArea

from mediavault_tui.domain.asking import Rows, bars
from mediavault_tui.domain.chat import Calling, Choice, Found, Readiness, Said
from mediavault_tui.errors import AssistantDown
from mediavault_tui.ui.answers import chart, harmless, text
from mediavault_tui.ui.dialogs import Confirm
from mediavault_tui.ui.dialogs import Text as TextDialog
from mediavault_tui.ui.proposal import Proposed, Statement
from mediavault_tui.ui.screens.chat import ChatScreen
from mediavault_tui.ui.screens.duplicates import DuplicatesScreen
from mediavault_tui.ui.screens.inventory import InventoryScreen
from mediavault_tui.ui.screens.pending import PendingScreen
from mediavault_tui.ui.sessions import Sessions
from mediavault_tui.ui.turn import Answer, Note, Question, Step
from tests.ui.chat_fakes import FILMS, GROUPS, PROPOSAL, SQL, TIERS, answer
from tests.ui.fakes import FakeVault
from tests.ui.harness import NARROW, app_on, keys, settle, until


async def into_chat(pilot: Pilot[None]) -> ChatScreen:
    await settle(pilot)
    await pilot.press("5")
    await settle(pilot)
    assert isinstance(pilot.app.screen, ChatScreen)
    return pilot.app.screen


async def ask(pilot: Pilot[None], words: str) -> None:
    line = pilot.app.screen.query_one("#question", Input)
    line.focus()
    line.value = words
    await pilot.press("enter")
    await settle(pilot)


def shown(pilot: Pilot[None]) -> str:
    """Return the text of the whole conversation."""
    return "\n".join(str(widget.render()) for widget in pilot.app.screen.query("#talk Static"))


def line(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#state", Static).render())


async def test_a_question_shows_its_sql_its_rows_and_the_answer() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        await ask(pilot, "Which films are from before 1990?")
        assert vault.conversation.asked == [("Which films are from before 1990?", Choice.AUTO)]
        step = screen.query_one(Step)
        assert step.rows == FILMS
        assert step.sql == SQL
        assert not step.query_one(".sql").display
        assert "four films" in screen.query_one(Answer).source
        assert "12,480 of 500,000 tokens today" in line(pilot)
        await pilot.press("escape", "enter")
        await pilot.pause()
        assert step.query_one(".sql").display


async def test_what_leaves_the_machine_is_told_before_the_first_question() -> None:
    vault = FakeVault()
    vault.conversation.has_agreed = False
    async with app_on(vault).run_test(size=NARROW) as pilot:
        await into_chat(pilot)
        pilot.app.screen.query_one("#question", Input).value = "Which?"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        assert "eastus.api.example" in " ".join(pilot.app.screen.lines)  # type: ignore[attr-defined]
        await pilot.press("n")
        await settle(pilot)
        assert vault.conversation.asked == []
        assert pilot.app.screen.query_one("#question", Input).value == "Which?"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("y")
        await settle(pilot)
        assert vault.conversation.has_agreed
        assert len(vault.conversation.asked) == 1


async def test_a_question_before_the_pane_is_ready_is_asked_too() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        screen._ready = Readiness(False)  # as it is until the library is open
        await ask(pilot, "Which?")
        assert len(vault.conversation.asked) == 1


async def test_esc_stops_the_answer_and_keeps_what_was_heard() -> None:
    vault = FakeVault()
    vault.conversation.gate = asyncio.Event()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        screen.query_one("#question", Input).value = "Which?"
        await pilot.press("enter")
        await until(pilot, lambda: bool(screen.query(Step)) and screen.query_one(Step).rows == FILMS)
        assert "answering, esc stops" in line(pilot)
        screen.query_one("#question", Input).value = "Another?"
        await pilot.press("enter")
        await pilot.pause()
        assert len(vault.conversation.asked) == 1
        await pilot.press("escape")
        await settle(pilot)
        assert vault.conversation.stopped
        assert "answering" not in line(pilot)


async def test_without_a_key_it_says_what_to_set_and_still_answers() -> None:
    vault = FakeVault()
    vault.conversation.ready = Readiness(False, hint="Set AZURE_OPENAI_KEY in .env")
    async with app_on(vault).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        assert "Set AZURE_OPENAI_KEY" in shown(pilot)
        await ask(pilot, "Which films?")
        assert vault.conversation.asked == []
        assert "Set AZURE_OPENAI_KEY" in str(screen.query(Note).last().render())
        for command in ("/stats", "/ready 3", "/find thing", f"/sql {SQL}"):
            await ask(pilot, command)
            assert screen.query(Step).last().rows.rows
        await ask(pilot, "/explain group 1")
        assert "Heat (1995)" in str(screen.query(Note).last().render())
        await ask(pilot, "/explain 5")
        assert "points of 200" in str(screen.query(Note).last().render())
        await ask(pilot, "/sql delete from v_files")
        assert "Only SELECT" in str(screen.query_one(".error", Static).render())
        for command, words in {
            "/explain": "Say which",
            "/ready": "/ready 3",
            "/views": "file_id bigint",
            "/help": "/export",
            "/sent": "Nothing of this session",
        }.items():
            await ask(pilot, command)
            assert words in str(screen.query(Note).last().render())


async def test_a_statement_is_edited_and_asked_again_in_its_place() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        await ask(pilot, "Which?")
        await pilot.press("escape", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, Statement))
        pilot.app.screen.query_one(TextArea).text = "select group_id from v_groups"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: screen.query_one(Step).rows == GROUPS)
        assert vault.answers.statements == ["select group_id from v_groups"]
        assert screen.query_one(Step).sql == "select group_id from v_groups"
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, Statement))
        pilot.app.screen.query_one(TextArea).text = "delete from v_groups"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(screen.query(".error")))


async def test_a_file_opens_in_the_inventory() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        await into_chat(pilot)
        await ask(pilot, "Which?")
        await pilot.press("escape", "tab", "enter")
        await settle(pilot)
        assert isinstance(pilot.app.screen, InventoryScreen)
        assert pilot.app.screen.query_shown.text


async def test_marked_rows_are_marked_in_the_inventory() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        await into_chat(pilot)
        await ask(pilot, "Which?")
        await pilot.press("escape", "tab", "space", "down", "space", "ctrl+o")
        await settle(pilot)
        assert isinstance(pilot.app.screen, InventoryScreen)
        assert pilot.app.screen.listing.marks == {1, 3}


async def test_a_group_opens_in_compare() -> None:
    vault = FakeVault()
    vault.conversation.events = [
        Calling("c", "query", "asking", "select 1"),
        Found("c", "query", rows=GROUPS),
    ]
    async with app_on(vault).run_test(size=NARROW) as pilot:
        await into_chat(pilot)
        await ask(pilot, "Which?")
        await pilot.press("escape", "tab", "enter")
        await settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, DuplicatesScreen)
        assert screen.has_class("-comparing")
        assert screen.listing.current is not None
        assert screen.listing.current.id == 1


async def into_proposal(pilot: Pilot[Any]) -> Proposed:
    await into_chat(pilot)
    await ask(pilot, "What may go?")
    await pilot.press("escape", "p")
    await until(pilot, lambda: isinstance(pilot.app.screen, Proposed))
    await settle(pilot)
    assert isinstance(pilot.app.screen, Proposed)
    return pilot.app.screen


async def test_a_proposal_opens_over_pending_and_only_a_key_stages() -> None:
    vault = FakeVault()
    vault.conversation.events = list(answer(proposal=PROPOSAL))
    async with app_on(vault).run_test(size=NARROW) as pilot:
        dialog = await into_proposal(pilot)
        assert isinstance(pilot.app.screen_stack[0], PendingScreen)
        assert vault.staged_files == []
        assert dialog.query_one("#files").marks == {6}  # only what is clear  # type: ignore[attr-defined]
        rules = str(dialog.query_one("#rules", Static).render())
        assert "4K beats 576p" in rules
        assert "Old rips" in str(dialog.query_one("#reason", Static).render())
        await pilot.press("end", "space")  # what the rules forbid cannot be marked
        await settle(pilot)
        assert dialog.query_one("#files").marks == {6}  # type: ignore[attr-defined]
        await pilot.press("y")
        await settle(pilot)
        assert vault.staged_files == [[6]]


async def test_a_proposal_says_that_what_is_to_be_reviewed_goes_only_by_itself() -> None:
    vault = FakeVault()
    vault.conversation.events = list(answer(proposal=PROPOSAL))
    async with app_on(vault).run_test(size=NARROW) as pilot:
        dialog = await into_proposal(pilot)
        told = dialog.query_one("#sum", Static)
        assert str(told.render()).endswith("nothing is deleted by staging")
        await keys("down", "space")(pilot)
        assert str(told.render()).endswith(
            "2 files marked, 10.4 GB; what is to be reviewed goes only by itself"
        )
        await keys("home", "space")(pilot)
        assert str(told.render()).endswith("1 file marked, 9.0 GB; nothing is deleted by staging")
        await pilot.press("y")
        await settle(pilot)
        assert vault.staged_files == [[41]]


async def test_a_proposal_that_is_left_does_nothing() -> None:
    vault = FakeVault()
    vault.conversation.events = list(answer(proposal=PROPOSAL))
    async with app_on(vault).run_test(size=NARROW) as pilot:
        await into_proposal(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert vault.staged_files == []


async def test_read_only_looks_through_nothing() -> None:
    vault = FakeVault()
    vault.conversation.events = list(answer(proposal=PROPOSAL))
    async with app_on(vault, read_only=True).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        await ask(pilot, "What may go?")
        await pilot.press("escape", "p")
        await settle(pilot)
        assert pilot.app.screen is screen


async def test_an_earlier_session_is_found_and_resumed() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        await ask(pilot, "/sessions before 1990")
        await until(pilot, lambda: isinstance(pilot.app.screen, Sessions))
        await pilot.press("enter")
        await settle(pilot)
        assert screen.session == 3
        assert "four films" in screen.query_one(Answer).source
        assert "4 rows then" in shown(pilot)
        await ask(pilot, "And after?")
        assert vault.conversation.asked[-1][0] == "And after?"
        await pilot.press("escape", "n")
        await settle(pilot)
        assert screen.session is None
        assert not screen.query(Question)


async def test_what_was_sent_is_listed_and_a_session_is_forgotten() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        await ask(pilot, "Which?")
        await ask(pilot, "/sent")
        said = str(screen.query(Note).last().render())
        assert "eastus.api.example" in said
        assert "your question" in said
        screen.query_one("#question", Input).value = "/forget"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("y")
        await settle(pilot)
        assert vault.conversation.forgotten == [7]


async def test_the_model_is_chosen_with_a_key_and_a_command() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        await into_chat(pilot)
        await pilot.press("escape", "m")
        assert "model: large" in line(pilot)
        await ask(pilot, "/model mini")
        await ask(pilot, "Which?")
        assert vault.conversation.asked[-1][1] is Choice.MINI


async def test_trouble_is_said_in_the_conversation() -> None:
    vault = FakeVault()
    vault.conversation.events = [Said("Half an"), AssistantDown("x broke off [/b]; ask again")]
    async with app_on(vault).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        await ask(pilot, "Which?")
        assert "x broke off [/b]; ask again" in str(screen.query(Note).last().render())
        assert screen.query_one(Answer).source == "Half an"


async def test_numbers_by_something_are_drawn_and_told_as_a_table_too() -> None:
    vault = FakeVault()
    async with app_on(vault).run_test(size=NARROW) as pilot:
        screen = await into_chat(pilot)
        await ask(pilot, "/ready 2")
        step = screen.query_one(Step)
        assert "█" in str(step.query_one(".chart", Static).render())
        assert step.listing is not None
        assert not step.listing.display
        await pilot.press("escape", "t")
        await pilot.pause()
        assert step.listing.display


async def test_help_names_the_keys_of_the_pane() -> None:
    async with app_on(FakeVault()).run_test(size=NARROW) as pilot:
        await into_chat(pilot)
        await pilot.press("escape", "question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextDialog))


def test_cells_are_told_as_people_read_them() -> None:
    assert text("size_bytes", 12_400_000_000) == "12.4 GB"
    assert text("duration_s", 6130.0) == "1:42:10"
    assert text("year", 1999) == "1999"
    assert text("files", 12345) == "12,345"
    assert text("first_seen_at", "2026-03-14T11:22:33.5+00:00") == "2026-03-14 11:22"
    assert text("audio_languages", ["en", None]) == "en –"
    assert text("hit", True) == "yes"
    assert text("title", "a\x1b[31m") == "a␛[31m"
    assert text("score", None) == "–"


def test_bars_are_of_bytes_where_there_are_bytes() -> None:
    drawn = bars(TIERS)
    assert [(bar.label, round(bar.part, 2)) for bar in drawn] == [
        ("1080p", 1.0),
        ("4K", 0.56),
        ("720p", 0.16),
    ]
    assert "2.3 TB" in chart(TIERS, 60).plain
    assert all(len(line) <= 60 for line in chart(TIERS, 60).plain.split("\n"))


def test_rows_that_are_no_amounts_are_not_drawn() -> None:
    assert bars(FILMS) == ()
    assert bars(Rows(("a", "b"), (("x", -1), ("y", 2)))) == ()
    assert bars(Rows(("a", "b"), (("x", 1), ("x", 2)))) == ()
    assert bars(Rows(("a", "b"), (("x", "1"), ("y", "2")))) == ()
    assert bars(Rows(("a", "b"), (("x", 0), ("y", 0)))) == ()


def test_the_models_words_cannot_steer_the_terminal() -> None:
    assert harmless("a\x1b]52;c;x\x07b\nc\u202ed") == "a␛]52;c;x␇b\nc⟨RLO⟩d"
