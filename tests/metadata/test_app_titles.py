"""The app over the real vault: PostgreSQL, the local TMDb and its images, by keyboard alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mediavault_tui.bootstrap import open_vault
from mediavault_tui.services.titles.metadata import Metadata
from mediavault_tui.settings import Secret, Settings
from mediavault_tui.store.database import Database
from mediavault_tui.ui.lacks import BetterCopies, MissingEpisodes
from mediavault_tui.ui.screens.duplicates import DuplicatesScreen
from mediavault_tui.ui.screens.inventory import InventoryScreen
from mediavault_tui.ui.titles import Titles
from mediavault_tui.ui.widgets.listing import Listing
from mediavault_tui.ui.widgets.picture import PictureBox
from tests.factories import a_file, an_identity, an_info, insert_file
from tests.metadata.world_server import TOKEN, WorldServer
from tests.ui.harness import WIDE, app_on, keys, until


@pytest.fixture
async def library(database: Database, service: Metadata) -> Database:
    """Two copies of a film that could be either Heat, an episode of a show, and two copies of a sure film."""
    files = [
        a_file("/lib/a/Heat.mkv", root="/lib", inode=1, identity=an_identity("Heat", year=None)),
        a_file("/lib/a/Heat 4K.mkv", root="/lib", inode=2, identity=an_identity("Heat", year=None)),
        a_file(
            "/lib/tv/Breaking Bad/S01E01.mkv",
            root="/lib",
            inode=3,
            identity=an_identity("Breaking Bad", year=None, season=1, episodes=(1,)),
        ),
        a_file(
            "/lib/m/The Matrix.mkv",
            root="/lib",
            inode=4,
            identity=an_identity("The Matrix", year=1999),
            info=an_info(duration=136 * 60.0),
        ),
        a_file(
            "/lib/old/Matrix.mkv",
            root="/lib",
            inode=5,
            identity=an_identity("The Matrix", year=1999),
            info=an_info(width=720, height=480, codec="mpeg4", mbit=1, duration=136 * 60.0),
        ),
    ]
    async with database.connection() as conn:
        for number, file in enumerate(files):
            info = replace(file.info, duration=0.0) if file.info is not None and number < 2 else file.info
            await insert_file(conn, replace(file, info=info))
    async for _ in service.fetch():
        pass
    await service.fetch_details()
    return database


def settings_of(url: str, world: WorldServer, tmp_path: Path, *, online: bool = True) -> Settings:
    return Settings(
        database_url=Secret(url),
        data_dir=tmp_path / "data",
        cache_dir=tmp_path / "cache",
        tmdb_token=Secret(TOKEN) if online else None,
        tmdb_url=world.url,
        tmdb_image_url=world.image_url,
    )


async def test_a_title_is_searched_chosen_undone_and_its_poster_kept(
    library: Database, database_url: str, world: WorldServer, tmp_path: Path
) -> None:
    async with open_vault(settings_of(database_url, world, tmp_path), who="ripley") as vault:
        app = app_on(vault)  # type: ignore[arg-type]  # the real one, not a fake
        async with app.run_test(size=WIDE) as pilot:
            await until(pilot, lambda: isinstance(app.screen, InventoryScreen) and app.screen.asking == 1)
            await keys("M")(pilot)
            await until(pilot, lambda: isinstance(app.screen, Titles))
            listing = app.screen.query_one("#candidates", Listing)
            await until(pilot, lambda: listing.window.total == 2)
            box = app.screen.query_one("#poster", PictureBox)
            await until(pilot, lambda: box.picture is not None)
            await pilot.press("slash", *"heat", "space", *"1986", "enter")
            await until(pilot, lambda: listing.window.total == 1)
            await keys("enter")(pilot)
            await until(pilot, lambda: isinstance(app.screen, InventoryScreen) and app.screen.asking == 0)
            async with library.connection() as conn:
                chosen = await conn.fetch("select tmdb_id from file_matches where state = 'chosen'")
            assert [row["tmdb_id"] for row in chosen] == [31865, 31865]
            await pilot.press("u")
            await until(pilot, lambda: isinstance(app.screen, InventoryScreen) and app.screen.asking == 1)
    posters = list((tmp_path / "cache" / "posters").iterdir())
    assert posters
    assert all(path.stat().st_size > 500 for path in posters)
    assert world.images == sorted(set(world.images), key=world.images.index), "each was fetched once"


async def test_without_a_key_the_kept_candidates_are_chosen_among(
    library: Database, database_url: str, world: WorldServer, tmp_path: Path
) -> None:
    before = len(world.arrivals)
    async with open_vault(settings_of(database_url, world, tmp_path, online=False), who="ripley") as vault:
        app = app_on(vault)  # type: ignore[arg-type]  # the real one, not a fake
        async with app.run_test(size=WIDE) as pilot:
            await until(pilot, lambda: isinstance(app.screen, InventoryScreen) and app.screen.asking == 1)
            await keys("M")(pilot)
            await until(pilot, lambda: isinstance(app.screen, Titles))
            listing = app.screen.query_one("#candidates", Listing)
            await until(pilot, lambda: listing.window.total == 2)
            await pilot.press("slash", *"zulu", "enter")
            await until(pilot, lambda: "no key" in listing.empty)
            await keys("escape", "enter")(pilot)
            await until(pilot, lambda: isinstance(app.screen, InventoryScreen) and app.screen.asking == 0)
    assert len(world.arrivals) == before
    assert world.images == []


async def test_what_is_missing_and_what_is_better_elsewhere(
    library: Database, database_url: str, world: WorldServer, tmp_path: Path
) -> None:
    async with open_vault(settings_of(database_url, world, tmp_path), who="ripley") as vault:
        await vault.regroup()
        show = next(each for each in world.shows.values() if each.title == "Breaking Bad")
        aired = {
            (season, number)
            for season, days in show.seasons.items()
            for number, _ in enumerate(days, 1)
            if season > 0
        }
        missing = await vault.missing_episodes(limit=10_000)
        assert {(each.season, each.episode) for each in missing} == aired - {(1, 1)}
        (better,) = await vault.better_copies(limit=10)
        assert (better.path, better.better_path) == ("/lib/old/Matrix.mkv", "/lib/m/The Matrix.mkv")
        assert better.gap > 20
        assert await vault.better_copies(limit=10, after=better) == []
        app = app_on(vault)  # type: ignore[arg-type]  # the real one, not a fake
        async with app.run_test(size=WIDE) as pilot:
            await keys("E")(pilot)
            await until(pilot, lambda: isinstance(app.screen, MissingEpisodes))
            rows = app.screen.query_one(Listing)
            await until(pilot, lambda: rows.window.row(0) == missing[0])
            await keys("escape", "B")(pilot)
            await until(pilot, lambda: isinstance(app.screen, BetterCopies))
            rows = app.screen.query_one(Listing)
            await until(pilot, lambda: rows.window.row(0) == better)
            await keys("enter")(pilot)
            await until(pilot, lambda: isinstance(app.screen, DuplicatesScreen))
            assert missing[0].tmdb_id == show.id
