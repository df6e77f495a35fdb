"""The Inventory's question and Pending's purge by keys, on the real vault: files, PostgreSQL, a pilot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.widgets import Static

from mediavault_tui.bootstrap import open_vault
from mediavault_tui.domain.verdict import Verdict
from mediavault_tui.services.vault import Vault
from mediavault_tui.settings import from_env
from mediavault_tui.store.database import Connection
from mediavault_tui.ui.app import MediaVaultApp
from mediavault_tui.ui.dialogs import Confirm, Text, TypedWord
from mediavault_tui.ui.widgets.listing import Listing
from tests.db.shelf import Shelf
from tests.db.test_stage_batches import pair, sounds, turn_around
from tests.ui.harness import WIDE, keys, until


@pytest.fixture
def shelf(conn: Connection, tmp_path: Path) -> Shelf:
    return Shelf(conn, tmp_path / "library")


@pytest.fixture
async def vault(database_url: str, tmp_path: Path) -> AsyncIterator[Vault]:
    settings = from_env(
        {
            "DATABASE_URL": database_url,
            "MEDIAVAULT_DATA_DIR": str(tmp_path / "data"),
            "PENDING_DELETION_RETENTION_DAYS": "0",
        }
    )
    async with open_vault(settings, who="ripley") as opened:
        yield opened


def app_over(vault: Vault) -> MediaVaultApp:
    async def door() -> Vault:
        return vault

    app = MediaVaultApp(door, log_dir=Path("/dev/null/logs"))
    app.animation_level = "none"
    return app


async def test_what_was_shown_is_staged_and_what_a_scan_decides_meanwhile_stays(
    shelf: Shelf, vault: Vault
) -> None:
    _, first, _ = await pair(shelf, "Alien", Verdict.CLEAR)
    keeper, turned, group = await pair(shelf, "Brazil", Verdict.CLEAR)
    _, dubbed, _ = await pair(shelf, "Heat", Verdict.RECOMMENDED)
    await sounds(shelf.conn, dubbed, "fr")
    _, doubtful, _ = await pair(shelf, "Tron", Verdict.REVIEW)
    app = app_over(vault)
    async with app.run_test(size=WIDE) as pilot:
        await until(pilot, lambda: app.screen.query_one("#rows", Listing).window.total == 8)
        await keys("i", "d")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        assert isinstance(app.screen, Confirm)
        lines = app.screen.lines
        assert app.screen.query_one("#frame").border_title == "Stage 3 files?"
        place = lines.index(dubbed.path)
        assert lines[place + 1].startswith("    ~ recommended · ")
        assert lines[place + 3] == "    ▼ you lose audio language: fr"
        assert any(f"{doubtful.path} is left out of the batch" in line for line in lines)
        await turn_around(shelf.conn, group, turned.id)
        await keys("y")(pilot)
        await until(pilot, lambda: isinstance(app.screen, Text))
        told = str(app.screen.query_one("#body Static", Static).content)
        assert f"{turned.path} stays" in told
        states = {name.id: await shelf.state(name.id) for name in (first, dubbed, keeper, turned, doubtful)}
        assert list(states.values()) == ["staged", "staged", "present", "present", "present"]


async def test_of_two_approved_files_the_marked_one_is_purged(shelf: Shelf, vault: Vault) -> None:
    losers = [(await pair(shelf, name, Verdict.CLEAR))[1] for name in ("Alien", "Heat")]
    shown = (await vault.stage_preview([file.id for file in losers])).going
    staged = await vault.stage_files([one.terms for one in shown])
    await vault.approve(staged.done)
    app = app_over(vault)
    async with app.run_test(size=WIDE) as pilot:
        await keys("3")(pilot)
        listing = app.screen.query_one("#rows", Listing)
        await until(pilot, lambda: listing.window.total == 2)
        await keys("space", "P")(pilot)
        (marked,) = listing.marks
        await until(pilot, lambda: isinstance(app.screen, TypedWord))
        await keys(*"purge", "enter")(pilot)
        await until(pilot, lambda: listing.window.total == 1)
    rows = await shelf.conn.fetch("select id from pending_deletions where state = 'purged'")
    assert [row["id"] for row in rows] == [marked]
