"""Every pane and dialog as it looks, at 80×24 and at 160×45. Look at the pictures before you accept them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from mediavault_tui.domain.chat import Readiness
from mediavault_tui.domain.library import StagedState
from mediavault_tui.errors import DatabaseDown
from mediavault_tui.services.chat.conversations import HINT
from mediavault_tui.settings import VARIABLES
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.dialogs import Trouble
from tests.ui.chat_fakes import PROPOSAL, answer
from tests.ui.fakes import HOSTILE, FakeVault, film, group, knowing, staged
from tests.ui.harness import NARROW, WIDE, app_on, keys, until

LANGUAGES = ["down"] * list(VARIABLES).index("MEDIAVAULT_LANGUAGES")
BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["80x24", "160x45"])


def _typed(words: str) -> list[str]:
    names = {" ": "space", "/": "slash"}
    return [names.get(letter, letter) for letter in words]


LOOKS: dict[str, tuple[str, ...]] = {
    "inventory": (),
    "inventory-marked": ("space", "down", "v", "down", "down"),
    "inventory-details": ("down", "down", "enter"),
    "inventory-facets": ("f", "down", "down", "down", "enter"),
    "inventory-filtered": ("slash", "h", "e", "a", "t"),
    "inventory-nothing": ("slash", "z", "z", "z", "enter"),
    "inventory-sort": ("s",),
    "inventory-stage": ("space", "space", "d"),
    "inventory-rename": (*["down"] * 5, "space", "space", "space", "r"),
    "inventory-rename-own": (*["down"] * 5, "r", "4"),
    "duplicates": ("2",),
    "duplicates-compare": ("2", "j", "enter", "l"),
    "duplicates-facets": ("2", "f", "down", "down", "enter"),
    "duplicates-frames": ("2", "j", "enter", "f", "right"),
    "duplicates-hostile": ("2", "end", "enter"),
    "duplicates-keep": ("2", "j", "K"),
    "duplicates-batch": ("2", "A"),
    "duplicates-note": ("2", "j", "n"),
    "pending": ("3", "down"),
    "pending-purge": ("3", "P"),
    "scanner": ("4", "space"),
    "scanner-errors": ("4", "e"),
    "chat": ("5",),
    "chat-answer": ("5", *_typed("Before 1990"), "enter"),
    "chat-sql": ("5", *_typed("Before 1990"), "enter", "escape", "enter"),
    "chat-chart": ("5", *_typed("/ready 2"), "enter"),
    "chat-sessions": ("5", "escape", "s"),
    "chat-edit": ("5", *_typed("Before 1990"), "enter", "escape", "e"),
    "settings": ("6", *LANGUAGES),
    "settings-rehearsed": ("6", *LANGUAGES, "enter", "comma", "d", "e", "enter", "r"),
    "settings-keys": ("6", "m"),
    "help": ("2", "question_mark"),
}


@BOTH
@pytest.mark.parametrize("look", LOOKS)
def test_looks_like(look: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    app = app_on(start=Path("/volume1"))
    assert snap_compare(app, terminal_size=size, run_before=keys(*LOOKS[look]))


@BOTH
@pytest.mark.parametrize("pressed", [("3", "down"), ("3", "P")], ids=["list", "purge"])
def test_files_that_are_held_look_held(
    pressed: tuple[str, ...], size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    vault = FakeVault()
    vault.hold = timedelta(days=5, hours=-5)
    assert snap_compare(app_on(vault), terminal_size=size, run_before=keys(*pressed))


@BOTH
@pytest.mark.parametrize("pressed", [("3", "P"), ("i", "d"), ("2", "A")], ids=["purge", "stage", "batch"])
def test_forty_files_leave_the_keys_in_sight(
    pressed: tuple[str, ...], size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    vault = FakeVault([film(n) for n in range(40)])
    vault.pending_files = [
        staged(n, days=n % 14, state=StagedState.APPROVED, name=f"Film number {n:02}.mkv") for n in range(40)
    ]
    vault.comparisons = [group(n, [film(5), film(6)]) for n in range(40)]
    assert snap_compare(app_on(vault), terminal_size=size, run_before=keys(*pressed))


WORLD_LOOKS: dict[str, tuple[str, ...]] = {
    "titles": ("M",),
    "titles-show": ("M", "right", "down"),
    "titles-search": ("M", "slash", *"out", "enter"),
    "titles-facets": ("f", *["down"] * 9),
    "titles-details": (*["down"] * 5, "enter"),
    "missing": ("E", "down"),
    "better": ("B",),
}


@BOTH
@pytest.mark.parametrize("look", WORLD_LOOKS)
def test_what_the_world_knows_looks_like(
    look: str, size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    assert snap_compare(app_on(knowing()), terminal_size=size, run_before=keys(*WORLD_LOOKS[look]))


@BOTH
def test_a_proposal_looks_like_a_batch(size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    vault = FakeVault()
    vault.conversation.events = list(answer(proposal=PROPOSAL))
    pressed = keys("5", *_typed("What may go"), "enter", "escape", "p", "down")
    assert snap_compare(app_on(vault), terminal_size=size, run_before=pressed)


@BOTH
def test_chat_without_a_model_looks_useful(size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    vault = FakeVault()
    vault.conversation.ready = Readiness(False, hint=HINT)
    assert snap_compare(app_on(vault), terminal_size=size, run_before=keys("5"))


@BOTH
def test_hostile_names_look_harmless(size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    films = [film(0, path=f"/films/{name}") for name in HOSTILE]
    named = [film(place, path=file.path) for place, file in enumerate(films)]
    vault = FakeVault(named)
    assert snap_compare(_titled(vault), terminal_size=size, run_before=keys("down", "down"))


def _titled(vault: FakeVault) -> MediaVaultApp:
    vault.files = [
        replace(file, identity=replace(file.identity, title=name))
        for file, name in zip(vault.files, HOSTILE, strict=True)
        if file.identity
    ]
    return app_on(vault)


@BOTH
def test_opening_looks_like_a_frame_with_a_sentence(
    size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    async def door() -> FakeVault:
        return await asyncio.Future()

    assert snap_compare(app_on(door=door), terminal_size=size)


@BOTH
def test_a_library_that_does_not_open_looks_like_a_panel(
    size: tuple[int, int], snap_compare: Callable[..., bool]
) -> None:
    async def door() -> FakeVault:
        raise DatabaseDown("The database vault at db.example:5432 cannot be reached; is it running?")

    async def shown(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, Trouble))

    assert snap_compare(app_on(door=door), terminal_size=size, run_before=shown)
